/** What the process itself costs: CPU, memory, files, and how late its event loop is. */
import { readdir } from "node:fs/promises"
import { monitorEventLoopDelay, performance } from "node:perf_hooks"
import process from "node:process"
import { Context, Effect, Layer } from "effect"
import { VERSION } from "../app/version.ts"
import { raiseTo, set } from "./metric.ts"
import { METRICS } from "./metrics.ts"

/** Coarse enough to cost an idle process nothing that could be seen. */
const RESOLUTION_MILLIS = 20
const NANOS = 1e9

/** `undefined` where there is no /proc. */
const openFiles = Effect.tryPromise(() => readdir("/proc/self/fd")).pipe(
  Effect.map((files): number | undefined => files.length),
  Effect.orElseSucceed(() => undefined),
)

const make = Effect.gen(function* () {
  const delays = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const watch = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS })
      watch.enable()
      return watch
    }),
    (watch) => Effect.sync(() => watch.disable()),
  )
  /** Beyond the timer's own interval, in seconds. */
  const late = (nanos: number) => Math.max(0, nanos / NANOS - RESOLUTION_MILLIS / 1000)
  let utilization = performance.eventLoopUtilization()

  return ProcessFigures.of({
    read: Effect.gen(function* () {
      const { user, system } = process.cpuUsage()
      const memory = process.memoryUsage()
      const now = performance.eventLoopUtilization()
      const busy = performance.eventLoopUtilization(now, utilization).utilization
      utilization = now
      yield* set(METRICS.buildInfo, { version: VERSION, node: process.versions.node }, 1)
      yield* raiseTo(METRICS.cpuSeconds, {}, (user + system) / 1e6)
      yield* set(METRICS.residentMemory, {}, memory.rss)
      yield* set(METRICS.startTime, {}, performance.timeOrigin / 1000)
      yield* set(METRICS.openFiles, {}, yield* openFiles)
      yield* set(METRICS.heapUsed, {}, memory.heapUsed)
      yield* set(METRICS.heapTotal, {}, memory.heapTotal)
      yield* set(METRICS.externalMemory, {}, memory.external)
      yield* set(METRICS.eventLoopUtilization, {}, busy)
      // Nothing was measured yet in the first few milliseconds.
      if (delays.count > 0) {
        yield* set(METRICS.eventLoopLagMedian, {}, late(delays.percentile(50)))
        yield* set(METRICS.eventLoopLagHigh, {}, late(delays.percentile(99)))
        yield* set(METRICS.eventLoopLagMost, {}, late(delays.max))
      }
      delays.reset()
    }),
  })
})

export class ProcessFigures extends Context.Service<
  ProcessFigures,
  {
    /** Sets the gauges of the process; what is measured over time begins anew with each read. */
    readonly read: Effect.Effect<void>
  }
>()("waybill/telemetry/ProcessFigures") {
  static readonly layer: Layer.Layer<ProcessFigures> = Layer.effect(
    ProcessFigures,
    Effect.suspend(() => make),
  )
}
