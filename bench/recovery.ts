/** How fast the incident is made good once the manager is back: against what the API and the manager can do at best. */
import path from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Clock, Duration, Effect, FileSystem, Stream } from "effect"
import type { Truth } from "../src/demo/truth.ts"
import { startWaybill } from "../src/demo/WaybillProcess.ts"
import { makeWorld } from "../src/demo/World.ts"
import { writeWaybillConfig } from "../src/demo/waybillConfig.ts"
import type { Bench } from "./Bench.ts"

const FLOWS = 49_000
/** Delivered before the manager goes away. */
const BEFORE = 1000
const SERVICE_RATE = 1350
const REFRESH = Duration.seconds(5)
const PAGE_MILLIS = 100
const PAGE_SIZE = 500
const SLICES = 31
const MOST = 1.1
const AT_MOST = Duration.minutes(10)

/** Seconds from the manager's return until the last event is searchable, less one refresh. */
const measure = (say: (line: string) => void): Promise<{ seconds: number; truth: Truth }> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const world = yield* makeWorld({
      flows: { count: FLOWS, span: "30 hours" },
      manager: { serviceRate: SERVICE_RATE },
      indexer: { refreshInterval: REFRESH },
    })
    const { manager, msp } = world
    yield* msp.setLatency(Duration.millis(PAGE_MILLIS))
    msp.flows.holdBack(msp.flows.timeOf(BEFORE), Infinity)
    const configFile = yield* writeWaybillConfig(world, {
      set: {
        "source.firewalla.feeds.alarms.enabled": false,
        "source.firewalla.feeds.devices.enabled": false,
        // What was held back is 30 hours old when it shows itself.
        "source.firewalla.feeds.flows.overlap": "31 hours",
      },
    })
    const logFile = path.join(world.folder, "waybill.log")
    const waybill = yield* startWaybill({ entry: "src/main.ts", configFile, logFile })
    const until = (reached: (truth: Truth) => boolean) =>
      Stream.fromEffectRepeat(Effect.delay(world.truth, "500 millis")).pipe(
        Stream.takeUntil(reached),
        Stream.runDrain,
        Effect.timeout(AT_MOST),
      )
    yield* until(({ searchable }) => searchable === BEFORE)
    yield* manager.stopGracefully
    msp.flows.releaseAll()
    const holding = Effect.map(fs.readFileString(logFile), (log) => log.includes('"writer.holding"'))
    yield* Effect.delay(holding, "500 millis").pipe(
      Effect.repeat({ until: (holds) => holds }),
      Effect.timeout(AT_MOST),
    )
    yield* Effect.sleep("10 seconds")
    yield* manager.start
    const backAt = yield* Clock.currentTimeMillis
    say("the manager is back")
    yield* until(({ searchable, source }) => searchable === source)
    yield* waybill.stop
    yield* waybill.exitCode
    const truth = yield* world.truth
    const searchableAt = truth.lastSearchableAt ?? Infinity
    return { seconds: (searchableAt - backAt - Duration.toMillis(REFRESH)) / 1000, truth }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)

export const bench: Bench = {
  name: "recovery",
  about: `${FLOWS} flows of 30 hours wait while the manager (${SERVICE_RATE} events/s) is away; the time from its return until all are searchable, less one refresh, against the best possible`,
  run: async (say) => {
    const { seconds, truth } = await measure(say)
    const managerSeconds = (FLOWS - BEFORE) / SERVICE_RATE
    const pages = SLICES * Math.ceil(FLOWS / SLICES / PAGE_SIZE)
    const apiSeconds = (pages * PAGE_MILLIS) / 1000
    const ratio = seconds / Math.max(managerSeconds, apiSeconds)
    return {
      passed: ratio <= MOST && truth.lost === 0 && truth.duplicated === 0,
      unit: "seconds ÷ max(API's time, manager's time)",
      figures: {
        ratio,
        target: MOST,
        seconds,
        manager_seconds: managerSeconds,
        api_seconds: apiSeconds,
        lost: truth.lost,
        duplicated: truth.duplicated,
      },
    }
  },
}
