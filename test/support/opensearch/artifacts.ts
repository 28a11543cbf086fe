/**
 * OpenSearch from Maven artifacts, downloaded once (166 MB) into a cache folder: `OPENSEARCH_CACHE`, or
 * `.cache/opensearch` in the checkout.
 */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { access, mkdir, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const run = promisify(execFile)

const POM = fileURLToPath(new URL("pom.xml", import.meta.url))
const CACHE =
  process.env.OPENSEARCH_CACHE || fileURLToPath(new URL("../../../.cache/opensearch", import.meta.url))

/** 2.19 needs Java 11, and the security manager, which Java 24 took away. */
const JAVA_FROM = 11
const JAVA_TO = 23

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

const javaVersion = async (java: string): Promise<number> => {
  const { stderr } = await run(java, ["-version"]).catch(() => ({ stderr: "" }))
  return Number(/version "(\d+)/.exec(stderr)?.[1] ?? Number.NaN)
}

/** A java that can run OpenSearch 2.19. `JAVA_HOME_17_X64` is what hosted CI runners set. */
export const findJava = async (): Promise<string | undefined> => {
  const homes = [process.env.OPENSEARCH_JAVA_HOME, process.env.JAVA_HOME_17_X64, process.env.JAVA_HOME]
  for (const java of [
    ...homes.flatMap((home) => home || []).map((home) => join(home, "bin", "java")),
    "java",
  ]) {
    const version = await javaVersion(java)
    if (version >= JAVA_FROM && version <= JAVA_TO) return java
  }
  return undefined
}

const haveMaven = (): Promise<boolean> =>
  run("mvn", ["--version"]).then(
    () => true,
    () => false,
  )

/** A folder as `pom.xml` describes it. A new pom is a new folder, so an old cache is never taken for a new one. */
const artifactsFolder = async (): Promise<string> => {
  const pom = await readFile(POM)
  return join(CACHE, createHash("sha256").update(pom).digest("hex").slice(0, 16))
}

/** Why no artifacts can be had here, or undefined if they can. */
export const whyNoArtifacts = async (): Promise<string | undefined> => {
  if ((await findJava()) === undefined) return `no Java ${JAVA_FROM} to ${JAVA_TO}`
  if (!(await exists(await artifactsFolder())) && !(await haveMaven())) return "no Maven"
  return undefined
}

/** The artifacts, downloaded if this is the first time. Two processes may do so at once: the first one done wins. */
export const artifacts = async (): Promise<string> => {
  const folder = await artifactsFolder()
  if (await exists(folder)) return folder
  const partial = `${folder}.${process.pid}.partial`
  await mkdir(partial, { recursive: true })
  await run("mvn", ["-q", "-B", "-f", POM, `-Dout=${partial}`, "prepare-package"], {
    maxBuffer: 2 ** 26,
  }).catch((cause: unknown) =>
    rm(partial, { recursive: true }).then(() =>
      Promise.reject(new Error("Maven could not fetch OpenSearch; run it by hand to see why", { cause })),
    ),
  )
  await rename(partial, folder).catch(() => rm(partial, { recursive: true }))
  return folder
}
