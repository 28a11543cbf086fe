/** What verification costs: the same delivery with it and without, one after the other. */
import path from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Duration, Effect, Stream } from "effect"
import { startWaybill } from "../src/demo/WaybillProcess.ts"
import { makeWorld } from "../src/demo/World.ts"
import { writeWaybillConfig } from "../src/demo/waybillConfig.ts"
import type { Bench } from "./Bench.ts"

const FLOWS = 49_000
const SERVICE_RATE = 1350
const REFRESH = Duration.seconds(5)
const TARGET = 0.95
const LOOK_EVERY = Duration.millis(500)
const AT_MOST = Duration.minutes(10)

interface Throughput {
  readonly eventsPerSecond: number
  readonly duplicated: number
}

/**
 * Events a second from the first to the last that the manager has worked on. Not until they are searchable: when in
 * its interval of 5 s a refresh comes is chance, and much against 36 s.
 */
const measure = (mode: "always" | "off", say: (line: string) => void): Promise<Throughput> =>
  Effect.gen(function* () {
    const world = yield* makeWorld({
      flows: { count: FLOWS, span: "30 hours" },
      manager: { serviceRate: SERVICE_RATE },
      indexer: { refreshInterval: REFRESH },
    })
    const configFile = yield* writeWaybillConfig(world, {
      set: {
        "source.firewalla.feeds.alarms.enabled": false,
        "source.firewalla.feeds.devices.enabled": false,
        "source.firewalla.feeds.flows.interval": "1 hour",
        "verify.mode": mode,
      },
    })
    const logFile = path.join(world.folder, "waybill.log")
    const waybill = yield* startWaybill({ entry: "src/main.ts", configFile, logFile })
    yield* Stream.fromEffectRepeat(Effect.delay(world.truth, LOOK_EVERY)).pipe(
      Stream.takeUntil(({ searchable, source }) => searchable === source),
      Stream.runDrain,
      Effect.timeout(AT_MOST),
    )
    yield* waybill.stop
    yield* waybill.exitCode
    const { duplicated } = yield* world.truth
    let first = Infinity
    let last = 0
    const { arrived, serial } = world.indexer?.store.columns ?? { arrived: [], serial: [] }
    for (const [row, at] of arrived.entries()) {
      if (serial[row] === -1) continue
      first = Math.min(first, at)
      last = Math.max(last, at)
    }
    const eventsPerSecond = (FLOWS * 1000) / (last - first)
    say(`verify.mode: ${mode}: ${Math.round(eventsPerSecond).toLocaleString("en")} events/s`)
    return { eventsPerSecond, duplicated }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)

export const bench: Bench = {
  name: "verify-overhead",
  about: `${FLOWS} flows through a manager of ${SERVICE_RATE} events/s, with verification and without`,
  run: async (say) => {
    const without = await measure("off", say)
    const verified = await measure("always", say)
    const ratio = verified.eventsPerSecond / without.eventsPerSecond
    return {
      passed: ratio >= TARGET && verified.duplicated === 0,
      unit: "events/s with verification ÷ without",
      figures: {
        ratio,
        target: TARGET,
        with_verification: verified.eventsPerSecond,
        without_verification: without.eventsPerSecond,
        duplicated: verified.duplicated,
      },
    }
  },
}
