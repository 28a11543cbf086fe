/** Lays out the folders of one node from the artifacts: its home with the modules, its configuration, its data. */
import { chown, copyFile, cp, link, mkdir, readdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { makeCa, signedBy } from "./certificates.ts"
import { INTERNAL_USERS, LOG4J, nodeSettings, ROLES, ROLES_MAPPING, securitySettings } from "./settings.ts"

const VERSION = "2.19.4"

interface Module {
  readonly name: string
  readonly classname: string
  /** Beginnings of the names of its jars. */
  readonly jars: ReadonlyArray<string>
  readonly reflects: boolean
}

/** The modules that Wazuh's ingest pipeline needs; without mustache, `{{…}}` in it stays as it is and nothing is indexed. */
const MODULES: ReadonlyArray<Module> = [
  {
    name: "ingest-common",
    classname: "org.opensearch.ingest.common.IngestCommonPlugin",
    jars: ["ingest-common", "opensearch-grok", "opensearch-dissect", "joni", "jcodings"],
    reflects: false,
  },
  {
    name: "lang-mustache",
    classname: "org.opensearch.script.mustache.MustachePlugin",
    jars: ["lang-mustache-client", "compiler"],
    reflects: true,
  },
  {
    name: "ingest-geoip",
    classname: "org.opensearch.ingest.geoip.IngestGeoIpPlugin",
    jars: ["ingest-geoip", "geoip2", "maxmind-db", "jackson-annotations", "jackson-databind"],
    reflects: true,
  },
]

const descriptor = (module: Module): string => `name=${module.name}
description=${module.name}
version=${VERSION}
opensearch.version=${VERSION}
java.version=11
classname=${module.classname}
extended.plugins=
custom.foldername=
has.native.controller=false
`

const REFLECTION_POLICY = `grant {
  permission java.lang.RuntimePermission "accessDeclaredMembers";
  permission java.lang.reflect.ReflectPermission "suppressAccessChecks";
};
`

/** A link where the file system allows it, as there are 180 MB; a copy otherwise. */
const place = (from: string, to: string): Promise<void> => link(from, to).catch(() => copyFile(from, to))

const placeFolder = async (from: string, to: string): Promise<void> => {
  const entries = await readdir(from, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((one) => one.isFile())) {
    const target = join(to, entry.parentPath.slice(from.length), entry.name)
    await mkdir(dirname(target), { recursive: true })
    await place(join(entry.parentPath, entry.name), target)
  }
}

const makeModule = async (artifacts: string, module: Module, folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const jars = (await readdir(join(artifacts, "jars"))).filter((jar) =>
    module.jars.some((start) => jar.startsWith(`${start}-`)),
  )
  for (const jar of jars) await place(join(artifacts, "jars", jar), join(folder, jar))
  await writeFile(join(folder, "plugin-descriptor.properties"), descriptor(module))
  if (module.reflects) await writeFile(join(folder, "plugin-security.policy"), REFLECTION_POLICY)
  if (module.name === "ingest-geoip") await placeFolder(join(artifacts, "geo"), folder)
}

const secure = async (artifacts: string, run: string, config: string): Promise<string> => {
  const plugin = join(run, "home", "plugins", "opensearch-security")
  await placeFolder(join(artifacts, "security"), plugin)
  const defaults = join(config, "opensearch-security")
  await cp(join(artifacts, "security", "config"), defaults, { recursive: true })
  await writeFile(join(defaults, "internal_users.yml"), INTERNAL_USERS)
  await writeFile(join(defaults, "roles.yml"), ROLES)
  await writeFile(join(defaults, "roles_mapping.yml"), ROLES_MAPPING)
  const ca = await makeCa(config, "ca")
  await signedBy(ca, config, "node")
  return securitySettings({ certificate: "node.pem", key: "node.key" }, "ca.pem")
}

/**
 * Fills the empty folder `run`; the node writes below it, and as `owner` where one is given.
 * Answers the CA's certificate file of a secure node.
 */
export const layOut = async (
  artifacts: string,
  run: string,
  options: { readonly secure: boolean; readonly owner?: number },
): Promise<{ readonly caFile: string | undefined }> => {
  const home = join(run, "home")
  const config = join(run, "config")
  for (const folder of [
    config,
    join(run, "data"),
    join(run, "logs"),
    join(run, "tmp"),
    join(home, "plugins"),
  ]) {
    await mkdir(folder, { recursive: true })
  }
  await placeFolder(join(artifacts, "distribution", `opensearch-${VERSION}`), home)
  for (const module of MODULES) await makeModule(artifacts, module, join(home, "modules", module.name))
  const security = options.secure ? await secure(artifacts, run, config) : ""
  await writeFile(join(config, "opensearch.yml"), nodeSettings(run) + security)
  await writeFile(join(config, "log4j2.properties"), LOG4J)
  const { owner } = options
  if (owner !== undefined) {
    const written = ["config", "data", "logs", "tmp"].map((name) => join(run, name))
    const configured = (await readdir(config, { recursive: true })).map((name) => join(config, name))
    for (const path of [run, ...written, ...configured]) await chown(path, owner, owner)
  }
  return { caFile: options.secure ? join(config, "ca.pem") : undefined }
}
