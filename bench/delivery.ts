/** One delivery by `waybill run` against the simulators, measured from outside and by its own log lines. */
import path from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Duration, Effect, FileSystem, Schema, Stream } from "effect"
import { startWaybill } from "../src/demo/WaybillProcess.ts"
import { makeWorld } from "../src/demo/World.ts"
import { writeWaybillConfig } from "../src/demo/waybillConfig.ts"

export interface DeliveryOptions {
  readonly flows: number
  /** Events a second that the manager can do. */
  readonly serviceRate: number
  readonly refreshSeconds: number
  /** What runs Waybill: the source, or the bundle of `npm run build`. */
  readonly entry: string
  /** Settings by dotted path. */
  readonly set?: Readonly<Record<string, string | number | boolean>>
}

export interface Delivery {
  readonly source: number
  readonly searchable: number
  readonly duplicated: number
  /** From the first write to the last commit. */
  readonly seconds: number
  /** The most memory the process has had. */
  readonly peakMegabytes: number
}

const Line = Schema.fromJsonString(
  Schema.Struct({ ts: Schema.String, event: Schema.String, took_ms: Schema.optionalKey(Schema.Number) }),
)

const linesOf = (log: string) =>
  Effect.forEach(
    log.split("\n").filter((line) => line.startsWith("{")),
    (line) => Schema.decodeEffect(Line)(line),
  )

const LOOK_EVERY = Duration.millis(500)
const AT_MOST = Duration.minutes(30)

export const measureDelivery = (options: DeliveryOptions, say: (line: string) => void): Promise<Delivery> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const world = yield* makeWorld({
      flows: { count: options.flows, span: "30 hours" },
      manager: { serviceRate: options.serviceRate },
      indexer: { refreshInterval: Duration.seconds(options.refreshSeconds) },
    })
    yield* world.manager.start
    const configFile = yield* writeWaybillConfig(world, {
      set: {
        "source.firewalla.feeds.alarms.enabled": false,
        "source.firewalla.feeds.devices.enabled": false,
        "source.firewalla.feeds.flows.interval": "1 hour",
        "log.level": "debug",
        ...options.set,
      },
    })
    const logFile = path.join(world.folder, "waybill.log")
    const waybill = yield* startWaybill({ entry: options.entry, configFile, logFile })
    let peak = 0
    let said = 0
    yield* Stream.fromEffectRepeat(Effect.delay(world.truth, LOOK_EVERY)).pipe(
      Stream.tap(({ searchable, source }) =>
        Effect.gen(function* () {
          peak = Math.max(peak, yield* waybill.peakMemory)
          if (searchable - said >= source / 10) {
            said = searchable
            say(`${searchable.toLocaleString("en")} of ${source.toLocaleString("en")} searchable`)
          }
        }),
      ),
      Stream.takeUntil(({ searchable, source }) => searchable === source),
      Stream.runDrain,
      Effect.timeout(AT_MOST),
    )
    yield* waybill.stop
    yield* waybill.exitCode
    const truth = yield* world.truth
    const lines = yield* linesOf(yield* fs.readFileString(logFile))
    const timesOf = (event: string) =>
      lines.filter((line) => line.event === event).map((line) => Date.parse(line.ts))
    const firstWritten = lines.find((line) => line.event === "batch.written")
    const firstWrite = Date.parse(firstWritten?.ts ?? "") - (firstWritten?.took_ms ?? 0)
    const lastCommit = Math.max(...timesOf("checkpoint.committed"))
    return {
      source: truth.source,
      searchable: truth.searchable,
      duplicated: truth.duplicated,
      seconds: (lastCommit - firstWrite) / 1000,
      peakMegabytes: peak / 1024 / 1024,
    }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)
