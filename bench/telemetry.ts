/** What logs, metrics and traces cost: the same delivery with all of them and with none, in turn. */
import { createServer } from "node:http"
import path from "node:path"
import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { Duration, Effect, Fiber, Metric, Schedule, Stream } from "effect"
import { startWaybill } from "../src/demo/WaybillProcess.ts"
import { makeWorld } from "../src/demo/World.ts"
import { writeWaybillConfig } from "../src/demo/waybillConfig.ts"
import { count, observe } from "../src/telemetry/metric.ts"
import { METRICS, STAGES } from "../src/telemetry/metrics.ts"
import type { Bench } from "./Bench.ts"
import { cpuSecondsOf } from "./processCpu.ts"

const FLOWS = 49_000
/** More than Waybill can do, so that its own work is what takes the time. */
const SERVICE_RATE = 50_000
const ROUNDS = 3
const TARGET = 0.97
const AT_MOST = Duration.minutes(5)
const SCRAPE_EVERY = Duration.seconds(1)

/** Listens on a port of its own for as long as the scope lasts; the path is of no matter. */
const collector = Effect.gen(function* () {
  const server = createServer((request, response) => {
    request.resume()
    request.on("end", () => response.end("{}"))
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      }),
  )
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
})

const freePort = Effect.scoped(collector)

const settings = (on: boolean, port: number, tracePort: number): Record<string, string | number | boolean> =>
  on
    ? {
        "log.level": "info",
        "admin.port": port,
        "traces.endpoint": `http://127.0.0.1:${tracePort}/v1/traces`,
      }
    : { "log.level": "error", "admin.enabled": false }

const scraping = (port: number) =>
  Effect.tryPromise(async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).pipe(
    Effect.ignore,
    Effect.repeat(Schedule.spaced(SCRAPE_EVERY)),
  )

/** Events a second from the first to the last that the manager has worked on. */
const measure = (on: boolean, say: (line: string) => void) =>
  Effect.gen(function* () {
    const world = yield* makeWorld({
      flows: { count: FLOWS, span: "30 hours" },
      manager: { serviceRate: SERVICE_RATE },
      indexer: { refreshInterval: Duration.seconds(1) },
    })
    yield* world.manager.start
    const port = yield* freePort
    const tracePort = yield* collector
    const configFile = yield* writeWaybillConfig(world, {
      set: {
        "source.firewalla.feeds.alarms.enabled": false,
        "source.firewalla.feeds.devices.enabled": false,
        "source.firewalla.feeds.flows.interval": "1 hour",
        "verify.max_unconfirmed_events": 100_000,
        ...settings(on, port, tracePort),
      },
    })
    const logFile = path.join(world.folder, "waybill.log")
    const waybill = yield* startWaybill({ entry: "dist/main.mjs", configFile, logFile })
    const scraped = yield* Effect.forkScoped(on ? scraping(port) : Effect.never)
    yield* Stream.fromEffectRepeat(Effect.delay(world.truth, "250 millis")).pipe(
      Stream.takeUntil(({ searchable, source }) => searchable === source),
      Stream.runDrain,
      Effect.timeout(AT_MOST),
    )
    yield* Fiber.interrupt(scraped)
    const cpuSeconds = cpuSecondsOf(waybill.pid)
    yield* waybill.stop
    yield* waybill.exitCode
    let first = Infinity
    let last = 0
    const { arrived, serial } = world.indexer?.store.columns ?? { arrived: [], serial: [] }
    for (const [row, at] of arrived.entries()) {
      if (serial[row] === -1) continue
      first = Math.min(first, at)
      last = Math.max(last, at)
    }
    const eventsPerSecond = (FLOWS * 1000) / (last - first)
    say(
      `telemetry ${on ? "on " : "off"}: ${Math.round(eventsPerSecond).toLocaleString("en")} events/s, ${cpuSeconds.toFixed(2)} s of CPU`,
    )
    return { eventsPerSecond, cpuSeconds }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)

/** Microseconds for everything that is counted of one batch. */
const countingMicros = (): number => {
  const feed = "firewalla-msp/flows"
  const batch = Effect.gen(function* () {
    for (const stage of STAGES) yield* count(METRICS.events, { feed, stage }, 500)
    yield* count(METRICS.batchesConfirmed, { feed })
    yield* observe(METRICS.indexLag, { feed }, 5)
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  const batches = 20_000
  const run = (times: number) => Effect.runSync(Effect.repeat(batch, { times }))
  run(1000)
  const before = process.hrtime.bigint()
  run(batches)
  return Number(process.hrtime.bigint() - before) / 1000 / batches
}

interface Measured {
  readonly eventsPerSecond: number
  readonly cpuSeconds: number
}

/** A machine that is busy with something else only ever takes away. */
const best = (all: ReadonlyArray<Measured>): Measured => ({
  eventsPerSecond: Math.max(...all.map(({ eventsPerSecond }) => eventsPerSecond)),
  cpuSeconds: Math.min(...all.map(({ cpuSeconds }) => cpuSeconds)),
})

export const bench: Bench = {
  name: "telemetry",
  about: `${FLOWS} flows with logs, scraped metrics and traces of everything, and with none; the bundle must be built`,
  run: async (say) => {
    const on: Array<Measured> = []
    const off: Array<Measured> = []
    for (let round = 0; round < ROUNDS; round++) {
      off.push(await measure(false, say))
      on.push(await measure(true, say))
    }
    const ratio = best(on).eventsPerSecond / best(off).eventsPerSecond
    return {
      passed: ratio >= TARGET,
      unit: "events/s with telemetry ÷ without, the best of each",
      figures: {
        ratio,
        target: TARGET,
        on: best(on).eventsPerSecond,
        off: best(off).eventsPerSecond,
        cpu_seconds_on: best(on).cpuSeconds,
        cpu_seconds_off: best(off).cpuSeconds,
        counting_microseconds_a_batch: countingMicros(),
      },
    }
  },
}
