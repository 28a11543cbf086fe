/**
 * A real OpenSearch node of its own on 127.0.0.1, without a container: started, waited for, stopped. However the
 * process that starts it ends, the node ends too and its folder goes (`guard.sh`).
 */
import { spawn } from "node:child_process"
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { artifacts, findJava } from "./artifacts.ts"
import { layOut } from "./home.ts"
import { ask } from "./request.ts"
import { USERS, type Users } from "./settings.ts"

const GUARD = fileURLToPath(new URL("guard.sh", import.meta.url))

/** OpenSearch refuses to run as root. The number of `nobody` on Linux. */
const NOBODY = 65_534

const BOOT_WITHIN_MILLIS = 120_000

export interface RunningNode {
  readonly url: string
  /** A file with the CA's certificate in PEM; only a secure node has one. It goes with the node. */
  readonly caFile: string | undefined
  /** Only a secure node asks for a login. */
  readonly users: Users | undefined
  readonly stop: () => Promise<void>
  /** It hangs: connections are taken, and nothing is answered (SIGSTOP). */
  readonly suspend: () => Promise<void>
  readonly resume: () => Promise<void>
  /** It dies (SIGKILL), and its data stay. */
  readonly crash: () => Promise<void>
  /** Starts it on the same port and data, and resolves when it answers searches. */
  readonly startAgain: () => Promise<void>
}

// biome-ignore format: one option a line would be a page
const javaArguments = (run: string): ReadonlyArray<string> => [
  "-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-Xshare:auto", "-Djava.security.manager=allow",
  "-Djava.locale.providers=SPI,COMPAT", "-Dlog4j2.disable.jmx=true", "-Djna.nosys=true", `-Djna.tmpdir=${run}/tmp`,
  `-Djava.io.tmpdir=${run}/tmp`, "-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true",
  "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory",
  `-Dopensearch.path.home=${run}/home`, `-Dopensearch.path.conf=${run}/config`, "-Dopensearch.distribution.type=tar",
  "-Dopensearch.bundled_jdk=false", "-cp", `${run}/home/lib/*`, "org.opensearch.bootstrap.OpenSearch",
]

/** The first start takes a free port; whoever knows that one must find the node there again. */
const keepPort = async (run: string, port: string): Promise<void> => {
  const file = join(run, "config", "opensearch.yml")
  const settings = await readFile(file, "utf8")
  await writeFile(file, settings.replace("http.port: 0", `http.port: ${port}`))
}

/** Starts a node and resolves when it answers searches. The first time on a machine it downloads 166 MB. */
export const startNode = async (options: { readonly secure: boolean }): Promise<RunningNode> => {
  const java = await findJava()
  if (java === undefined) throw new Error("OpenSearch 2.19 needs a Java from 11 to 23")
  // Not in the checkout: it may lie in a folder that `nobody` cannot enter.
  const run = await mkdtemp(join(tmpdir(), "waybill-opensearch-"))
  await chmod(run, 0o755)
  const asRoot = process.getuid?.() === 0
  const layout = await layOut(await artifacts(), run, {
    secure: options.secure,
    ...(asRoot ? { owner: NOBODY } : {}),
  })
  const { caFile } = layout
  const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8")

  const become = asRoot ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"] : []
  // A group of its own, so that Ctrl-C does not reach the node before whoever uses it.
  const node = spawn("sh", [GUARD, run, ...become, java, ...javaArguments(run)], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    cwd: run,
  })
  const log: Array<string> = []
  const keep = (chunk: string) => {
    log.push(chunk)
    if (log.length > 500) log.shift()
  }
  node.stdout.setEncoding("utf8").on("data", keep)
  node.stderr.setEncoding("utf8").on("data", keep)
  let ended = false
  const end = new Promise<void>((resolve) => {
    node.once("close", () => {
      ended = true
      resolve()
    })
  })
  const stop = async () => {
    node.stdin.end()
    await end
  }
  const giveUp = async (why: string): Promise<never> => {
    await stop()
    throw new Error(`OpenSearch did not start: ${why}\n${log.join("").slice(-4_000)}`)
  }

  const users = options.secure ? USERS : undefined
  const ready = async (): Promise<string> => {
    const deadline = Date.now() + BOOT_WITHIN_MILLIS
    let port: string | undefined
    while (Date.now() < deadline) {
      if (ended) return giveUp("it ended")
      port ??= /HttpServerTransport\] publish_address \{127\.0\.0\.1:(\d+)\}/.exec(log.join(""))?.[1]
      if (port !== undefined) {
        const url = `${options.secure ? "https" : "http"}://127.0.0.1:${port}`
        const health = await ask(
          { url, ca, user: users?.admin },
          "GET",
          "/_cluster/health?wait_for_status=yellow",
        ).catch(() => undefined)
        if (health?.status === 200) return url
      }
      await sleep(100)
    }
    return giveUp(`not ready within ${BOOT_WITHIN_MILLIS / 1000} s`)
  }
  const url = await ready()

  const signal = async (name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): Promise<void> => {
    process.kill(Number(await readFile(join(run, "pid"), "utf8")), name)
  }
  const down = join(run, "down")
  return {
    url,
    caFile,
    users,
    stop,
    suspend: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    crash: async () => {
      await keepPort(run, new URL(url).port)
      await writeFile(down, "")
      await signal("SIGKILL")
    },
    startAgain: async () => {
      log.length = 0
      await rm(down)
      await ready()
    },
  }
}
