/**
 * The folder of an administrator: simulated.yml in the place of wazuh-docker's docker-compose.yml, this repository
 * beside it as `waybill`, and then the README's own commands, word by word.
 */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"
import { Schema } from "effect"
import { docker, run } from "./docker.ts"

const HEADING = "## Adding it to your Wazuh"

/** What the README lets people type where a command reads standard input. */
const SECRETS: Readonly<Record<string, string>> = {
  msp_token: "simulated-msp-token\n",
  indexer_password: "simulated-indexer-password\n",
}

/** Stands for the editor: the simulated names, and a CA that only a simulated MSP API needs. */
const EDITOR = `#!/bin/sh
sed -i 's/^MSP_DOMAIN=.*/MSP_DOMAIN=msp.simulated/' "$1"
echo NODE_EXTRA_CA_CERTS=/etc/waybill/root-ca.pem >> "$1"
`

/**
 * The commands under the heading, but for `setup` and `check`: the simulated indexer can be searched and nothing else,
 * and the simulated Wazuh is still starting when they would run.
 */
export const readmeCommands = (readme: string): ReadonlyArray<string> => {
  const [section = ""] = readme.slice(readme.indexOf(HEADING) + HEADING.length).split("\n## ")
  return [...section.matchAll(/\n```\n([\s\S]*?)\n```\n/g)]
    .flatMap(([, block = ""]) => block.split("\n"))
    .filter((command) => !/ waybill (setup|check)\b/.test(command))
}

const NAME = "waybill-engine-test"

const Truth = Schema.fromJsonString(
  Schema.Struct({
    source: Schema.Number,
    searchable: Schema.Number,
    lost: Schema.Number,
    duplicated: Schema.Number,
  }),
)

/** Before the simulated Wazuh has said anything. */
const NOTHING_YET: typeof Truth.Type = { source: 1, searchable: 0, lost: 1, duplicated: 0 }

export interface Project {
  /** `docker compose …` in the folder; rejects when it fails. */
  readonly compose: (...args: ReadonlyArray<string>) => Promise<string>
  /** Runs the README's commands; what they printed. */
  readonly followReadme: () => Promise<string>
  /** A field of `docker inspect` as a Go template. */
  readonly inspect: (service: string, template: string) => Promise<string>
  /** Runs JavaScript in Waybill's container, which has nothing else to run. */
  readonly evaluate: (script: string) => Promise<string>
  /** What the source has and a search returns, at this moment. */
  readonly truth: () => Promise<typeof Truth.Type>
  /** Waybill's log lines since its container was made. */
  readonly log: () => Promise<string>
  readonly remove: () => Promise<void>
}

export const makeProject = async (settings: Readonly<Record<string, string>>): Promise<Project> => {
  const folder = await mkdtemp(join(tmpdir(), "waybill-engine-"))
  const editor = join(folder, "editor")
  const env = { ...settings, COMPOSE_PROJECT_NAME: NAME, EDITOR: editor }
  const inFolder = async (command: string, args: ReadonlyArray<string>, input?: string) => {
    const options = { cwd: folder, env, ...(input === undefined ? {} : { input }) }
    const { code, output } = await run(command, args, options)
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output}`)
    return output
  }
  const compose = (...args: ReadonlyArray<string>) => inFolder("docker", ["compose", ...args])
  const idOf = async (service: string) => (await compose("ps", "--all", "--quiet", service)).trim()

  // What git would bring, with what is not committed yet.
  const files = await run("git", ["ls-files", "--cached", "--others", "--exclude-standard"])
  for (const file of files.output.trim().split("\n")) {
    const target = join(folder, "waybill", file)
    await mkdir(dirname(target), { recursive: true })
    await cp(file, target)
  }
  await writeFile(editor, EDITOR)
  await chmod(editor, 0o755)
  await cp("test/compose/simulated.yml", join(folder, "docker-compose.yml"))
  await inFolder("bash", ["waybill/test/compose/certificates.sh", "config/wazuh_indexer_ssl_certs"])

  return {
    compose,
    followReadme: async () => {
      let output = ""
      for (const command of readmeCommands(await readFile("README.md", "utf8"))) {
        const secret = Object.entries(SECRETS).find(
          ([name]) => command.endsWith(`/${name}`) && command.includes("/dev/stdin"),
        )
        // Root needs no sudo, and a small machine has none. A pipe can be opened as /dev/stdin; Node's stdin can't.
        const asRoot = process.getuid?.() === 0 ? 'sudo() { "$@"; }\n' : ""
        const script = `${asRoot}cat | { ${command}\n}`
        output += await inFolder("bash", ["-c", script], secret?.[1])
      }
      return output
    },
    inspect: async (service, template) => docker("inspect", "--format", template, await idOf(service)),
    evaluate: async (script) => docker("exec", await idOf("waybill"), "node", "-e", script),
    truth: async () => {
      const lines = (await docker("logs", "--tail", "5", await idOf("wazuh.manager"))).split("\n")
      const last = lines.findLast((line) => line.startsWith("{"))
      return last === undefined ? NOTHING_YET : Schema.decodeUnknownSync(Truth)(last)
    },
    log: async () => docker("logs", await idOf("waybill")),
    remove: async () => {
      await compose("down", "--volumes", "--timeout", "5")
      await rm(folder, { recursive: true })
    },
  }
}
