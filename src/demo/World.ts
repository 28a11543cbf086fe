/**
 * All that is outside of Waybill, simulated and wired up: the MSP API, the manager, the shipper, the indexer. Real
 * sockets and HTTP on this machine, so that `waybill run` meets it as it would meet the real ones.
 */
import { Clock, Duration, Effect, FileSystem, Path, type PlatformError, Redacted, type Scope } from "effect"
import type { DocumentOf } from "./indexer/document.ts"
import { makeSimulatedIndexer, type SimulatedIndexer } from "./indexer/SimulatedIndexer.ts"
import { makeSimulatedManager, type SimulatedManager } from "./manager/SimulatedManager.ts"
import { makeSimulatedMsp, type SimulatedMsp } from "./msp/SimulatedMsp.ts"
import { makeOpenSearch, type OpenSearchAccess, type OpenSearchFailed } from "./shipper/OpenSearch.ts"
import { makeShipper, type Shipper } from "./shipper/Shipper.ts"
import { makeCount, type Truth } from "./truth.ts"

export interface WorldOptions {
  /** The whole history, which ends at `endsAt` (epoch milliseconds; the present when absent). */
  readonly flows?: { readonly count: number; readonly span: Duration.Input; readonly endsAt?: number }
  readonly alarms?: { readonly count: number; readonly span: Duration.Input; readonly endsAt?: number }
  readonly devices?: number
  readonly manager?: {
    /** Events a second; unlimited when absent. */
    readonly serviceRate?: number
    /** Share of alerts that are overtaken by others; 0.06 when absent. */
    readonly swaps?: number
    /** How far its clock is ahead, milliseconds; negative: behind. */
    readonly clockAhead?: number
    readonly keepStatsOpen?: boolean
  }
  readonly shipper?: {
    /** 200 ms when absent. */
    readonly delay?: Duration.Input
    readonly bulkSize?: number
    /** Needed for `loseRegistry` to bring everything again. */
    readonly keepAlerts?: boolean
  }
  readonly indexer?: {
    /** 5 s when absent, as Wazuh's template says. */
    readonly refreshInterval?: Duration.Input
    readonly keepDocuments?: boolean
    /** As for alerts of Wazuh 4 when absent. */
    readonly documentOf?: DocumentOf
  }
  /** A real OpenSearch in the simulated indexer's place. */
  readonly openSearch?: OpenSearchAccess
  /** A temporary folder when absent. Short: a socket's path has at most 107 bytes. */
  readonly folder?: string
  readonly seed?: number
}

export interface World {
  readonly folder: string
  readonly msp: SimulatedMsp
  readonly mspToken: Redacted.Redacted
  readonly manager: SimulatedManager
  readonly shipper: Shipper
  /** Absent when a real OpenSearch stands in its place. */
  readonly indexer: SimulatedIndexer | undefined
  /** With what Waybill searches. */
  readonly indexerAccess: {
    readonly url: string
    readonly username: string
    readonly password: Redacted.Redacted
    readonly ca: string | undefined
  }
  /** The longest span of its feeds: how far back a first run must look to see everything. */
  readonly span: Duration.Duration
  /** Counted over serials, at this instant. */
  readonly truth: Effect.Effect<Truth, OpenSearchFailed>
}

const NO_RECORDS = { count: 0, span: Duration.hours(1) }
const DAY = Duration.days(1)

export const makeWorld = Effect.fnUntraced(function* (
  options: WorldOptions,
): Effect.fn.Return<
  World,
  PlatformError.PlatformError | OpenSearchFailed,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const startedAt = yield* Clock.currentTimeMillis
  const folder = options.folder ?? (yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" }))
  const seed = options.seed ?? 1
  const token = "simulated-msp-token"
  const password = "simulated-indexer-password"
  const flows = { endsAt: startedAt, ...(options.flows ?? NO_RECORDS) }
  const alarms = { endsAt: startedAt, ...(options.alarms ?? NO_RECORDS) }
  const refreshInterval = Duration.fromInputUnsafe(options.indexer?.refreshInterval ?? "5 seconds")

  const msp = yield* makeSimulatedMsp({ token, seed, flows, alarms, devices: options.devices ?? 10 })
  const manager = yield* makeSimulatedManager({
    folder: path.join(folder, "ossec"),
    seed: seed + 100,
    serviceRate: options.manager?.serviceRate ?? Infinity,
    swaps: options.manager?.swaps ?? 0.06,
    clockAhead: options.manager?.clockAhead ?? 0,
    keepStatsOpen: options.manager?.keepStatsOpen ?? false,
  })
  const { openSearch } = options
  const real = openSearch && (yield* makeOpenSearch(openSearch, Duration.toSeconds(refreshInterval)))
  const indexer = real
    ? undefined
    : yield* makeSimulatedIndexer({
        username: "waybill",
        password,
        refreshInterval,
        keepDocuments: options.indexer?.keepDocuments ?? false,
        ...(options.indexer?.documentOf === undefined ? {} : { documentOf: options.indexer.documentOf }),
      })
  const target = real ?? indexer ?? { index: () => Effect.succeed(true) }
  const shipper = yield* makeShipper(manager.alerts, target, {
    delay: options.shipper?.delay ?? "200 millis",
    bulkSize: options.shipper?.bulkSize ?? 500,
    keepAlerts: options.shipper?.keepAlerts ?? false,
  })

  const truth = Effect.gen(function* () {
    yield* manager.health
    yield* shipper.health
    const count = makeCount({ flows: msp.flows, alarms: msp.alarms })
    if (real !== undefined) {
      yield* real.eachSerial(startedAt, count.add)
      return count.truth(undefined)
    }
    const now = yield* Clock.currentTimeMillis
    let last: number | undefined
    for (const [row, visibleAt] of indexer?.store.columns.visibleAt.entries() ?? []) {
      if (visibleAt > now) continue
      const serial = indexer?.store.columns.serial[row] ?? -1
      if (serial === -1) continue
      count.add(serial)
      if (last === undefined || visibleAt > last) last = visibleAt
    }
    return count.truth(last)
  })

  return {
    folder,
    msp,
    mspToken: Redacted.make(token),
    manager,
    shipper,
    indexer,
    indexerAccess: {
      url: openSearch?.url ?? indexer?.url ?? "",
      username: openSearch?.username ?? "waybill",
      password: openSearch?.password ?? Redacted.make(password),
      ca: openSearch?.ca,
    },
    span: Duration.millis(Math.max(...[flows.span, alarms.span, DAY].map((span) => Duration.toMillis(span)))),
    truth,
  }
})
