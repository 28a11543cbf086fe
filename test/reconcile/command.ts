/** Runs a command of `waybill` as a process of its own, as an administrator does. */
import process from "node:process"
import { Effect, Fiber, FileSystem, Path, Stream } from "effect"
import { ChildProcess } from "effect/process"
import type { Truth } from "../../src/demo/truth.ts"
import { startWaybill } from "../../src/demo/WaybillProcess.ts"
import { makeWorld, type World, type WorldOptions } from "../../src/demo/World.ts"
import { writeWaybillConfig } from "../../src/demo/waybillConfig.ts"
import { holdToLedger } from "../e2e/ledger.ts"
import { LATE_BY } from "../e2e/runLog.ts"

export interface Finished {
  /** undefined when a signal ended it. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export const startCommand = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
  const child = yield* ChildProcess.make(process.execPath, ["src/main.ts", ...args], {
    env: { PATH: process.env.PATH ?? "", NO_COLOR: "1" },
    extendEnv: false,
    stdin: "ignore",
  })
  const text = (bytes: typeof child.stdout) => Stream.mkString(Stream.decodeText(bytes)).pipe(Effect.orDie)
  const finished = yield* Effect.all([text(child.stdout), text(child.stderr)], { concurrency: 2 }).pipe(
    Effect.flatMap(([stdout, stderr]) =>
      child.exitCode.pipe(
        Effect.map((code): number | undefined => code),
        Effect.orElseSucceed(() => undefined),
        Effect.map((exitCode): Finished => ({ exitCode, stdout, stderr })),
      ),
    ),
    Effect.forkScoped,
  )
  return {
    finished,
    kill: Effect.ignore(child.kill({ killSignal: "SIGKILL" })),
    interrupt: Effect.ignore(child.kill({ killSignal: "SIGINT" })),
  }
})

export const command = Effect.fnUntraced(function* (configFile: string, ...args: ReadonlyArray<string>) {
  const { finished } = yield* startCommand([...args, "--config", configFile])
  return yield* Fiber.join(finished)
})

/** The last line of what a command printed, as JSON. */
export const lastJson = ({ stdout }: Finished) => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")

/** A world whose index is quick, with the flows alone, and a configuration for it. */
export const quickWorld = Effect.fnUntraced(function* (
  options: WorldOptions,
  set: Readonly<Record<string, string | number | boolean>> = {},
) {
  const world = yield* makeWorld({
    indexer: { refreshInterval: "100 millis" },
    shipper: { delay: "20 millis" },
    ...options,
  })
  yield* world.manager.start
  const configFile = yield* writeWaybillConfig(world, {
    set: {
      "source.firewalla.feeds.alarms.enabled": false,
      "source.firewalla.feeds.devices.enabled": false,
      "verify.grace": "300 millis",
      ...set,
    },
  })
  yield* holdToLedger((yield* Path.Path).join(world.folder, "waybill.log"))
  return { world, configFile }
})

export const startRun = Effect.fnUntraced(function* (world: World, configFile: string) {
  const path = yield* Path.Path
  const fs = yield* FileSystem.FileSystem
  const logFile = path.join(world.folder, "waybill.log")
  const waybill = yield* startWaybill({ entry: "src/main.ts", configFile, logFile })
  const log = fs.readFileString(logFile).pipe(
    Effect.orElseSucceed(() => ""),
    Effect.map((text) =>
      text
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line)),
    ),
  )
  return { ...waybill, log }
})

export const until = (world: World, done: (truth: Truth) => boolean) =>
  world.truth.pipe(
    Effect.tap((truth) => (done(truth) ? Effect.void : Effect.sleep("50 millis"))),
    Effect.repeat({ while: (truth) => !done(truth) }),
    Effect.timeout("40 seconds"),
    Effect.tap(Effect.sleep(LATE_BY)),
  )

/** What lies in one of the world's folders. */
export const filesIn = Effect.fnUntraced(function* (world: World, folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return yield* fs.readDirectory(path.join(world.folder, folder)).pipe(Effect.orElseSucceed(() => []))
})
