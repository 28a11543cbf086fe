/** One delivery by `waybill run` against the simulators, measured from outside and by its own log lines. */
import path from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Duration, Effect, FileSystem, Schema, Stream } from "effect"
import { KEYWORDS } from "../src/demo/indexer/document.ts"
import { startWaybill } from "../src/demo/WaybillProcess.ts"
import { makeWorld, type World } from "../src/demo/World.ts"
import { writeWaybillConfig } from "../src/demo/waybillConfig.ts"

export interface DeliveryOptions {
  readonly flows: number
  /** Events a second that the manager can do. */
  readonly serviceRate: number
  readonly refreshSeconds: number
  /** Share of the events that it loses at random; none when absent. */
  readonly loss?: number
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
  readonly deadLetters: number
  /** Events proven lost, each as often as it was. */
  readonly provenLost: number
  /** For each commit, milliseconds since all events up to it were searchable; sorted. */
  readonly commitLags: ReadonlyArray<number>
}

const Line = Schema.fromJsonString(
  Schema.Struct({
    ts: Schema.String,
    event: Schema.String,
    batch: Schema.optionalKey(Schema.String),
    took_ms: Schema.optionalKey(Schema.Number),
    lost: Schema.optionalKey(Schema.Number),
  }),
)
type Line = typeof Line.Type

/** When the last event of each batch became searchable, epoch milliseconds. */
const searchableAt = ({ indexer }: World): ReadonlyMap<string, number> => {
  const times = new Map<string, number>()
  const batchOf = KEYWORDS.indexOf("data.waybill.batch")
  for (const [row, at] of indexer?.store.columns.visibleAt.entries() ?? []) {
    const batch = indexer?.store.keyword(row, batchOf) ?? ""
    times.set(batch, Math.max(at, times.get(batch) ?? 0))
  }
  return times
}

const commitLagsOf = (lines: ReadonlyArray<Line>, searchable: ReadonlyMap<string, number>) => {
  let allSearchableAt = 0
  return lines
    .filter(({ event }) => event === "checkpoint.committed")
    .map(({ batch, ts }) => {
      allSearchableAt = Math.max(allSearchableAt, searchable.get(batch ?? "") ?? 0)
      return Date.parse(ts) - allSearchableAt
    })
    .sort((a, b) => a - b)
}

/** Of sorted values. */
export const quantile = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

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
    yield* world.manager.dropRandomly(options.loss ?? 0)
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
      deadLetters: timesOf("dead_letter.written").length,
      provenLost: lines.reduce((sum, { event, lost }) => sum + (event === "batch.lost" ? (lost ?? 0) : 0), 0),
      commitLags: commitLagsOf(lines, searchableAt(world)),
    }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)
