/** Waybill itself beside a simulated world: `waybill run` as a process of its own, as an administrator starts it. */
import process from "node:process"
import { Effect, FileSystem, Stream } from "effect"
import { ChildProcess } from "effect/process"

export interface WaybillProcessOptions {
  /** What node runs: this program's own main file, or its bundle. */
  readonly entry: string
  readonly configFile: string
  /** Where its log lines go; what is there already is kept. */
  readonly logFile: string
}

export interface WaybillProcess {
  readonly pid: number
  /** Waits for its end; the exit code, or undefined when a signal ended it. */
  readonly exitCode: Effect.Effect<number | undefined>
  /** As `docker stop` does. */
  readonly stop: Effect.Effect<void>
  /** As a crash of the machine does. */
  readonly kill: Effect.Effect<void>
  /** The most memory it has had, in bytes (VmHWM of /proc). */
  readonly peakMemory: Effect.Effect<number>
}

/** Starts it; the end of the scope ends it. */
export const startWaybill = Effect.fnUntraced(function* (options: WaybillProcessOptions) {
  const fs = yield* FileSystem.FileSystem
  const child = yield* ChildProcess.make(
    process.execPath,
    [options.entry, "run", "--config", options.configFile],
    // Nothing of the surrounding environment may reach the configuration.
    { env: { PATH: process.env.PATH ?? "" }, extendEnv: false, stdin: "ignore" },
  )
  yield* child.all.pipe(Stream.run(fs.sink(options.logFile, { flag: "a" })), Effect.ignore, Effect.forkScoped)
  return {
    pid: child.pid,
    exitCode: child.exitCode.pipe(
      Effect.map((code): number | undefined => code),
      Effect.catch(() => Effect.succeed(undefined)),
    ),
    stop: Effect.ignore(child.kill({ killSignal: "SIGTERM" })),
    kill: Effect.ignore(child.kill({ killSignal: "SIGKILL" })),
    peakMemory: fs.readFileString(`/proc/${child.pid}/status`).pipe(
      Effect.map((status) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024),
      Effect.orElseSucceed(() => 0),
    ),
  } satisfies WaybillProcess
})
