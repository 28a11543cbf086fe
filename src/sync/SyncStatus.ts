/** What the start-up sync has found, for the status and the metrics. */
import { Context, Effect, Layer, Ref } from "effect"
import type { FeedName } from "../domain/Checkpoint.ts"

/** The names of the design; each is one log event, `sync.…`. */
export type SyncOutcome = "in-sync" | "rewound" | "no data" | "skipped" | "indexer ahead"

/** Time of which a source no longer has the records that were not delivered. Epoch milliseconds, half-open. */
export interface LostGap {
  readonly feed: FeedName
  readonly from: number
  readonly to: number
}

/** Gaps that are kept to be shown; all of them are counted. */
const SHOWN = 100

export class SyncStatus extends Context.Service<
  SyncStatus,
  {
    readonly record: (feed: FeedName, outcome: SyncOutcome) => Effect.Effect<void>
    readonly recordGap: (gap: LostGap) => Effect.Effect<void>
    /** The last outcome of each feed in this run. */
    readonly outcomes: Effect.Effect<ReadonlyMap<FeedName, SyncOutcome>>
    /** How many gaps were found lost in this run, and the last of them. */
    readonly gaps: Effect.Effect<{ readonly count: number; readonly last: ReadonlyArray<LostGap> }>
  }
>()("waybill/sync/SyncStatus") {
  static readonly layer: Layer.Layer<SyncStatus> = Layer.effect(
    SyncStatus,
    Effect.gen(function* () {
      const outcomes = yield* Ref.make<ReadonlyMap<FeedName, SyncOutcome>>(new Map())
      const gaps = yield* Ref.make<{ readonly count: number; readonly last: ReadonlyArray<LostGap> }>({
        count: 0,
        last: [],
      })
      return SyncStatus.of({
        record: (feed, outcome) => Ref.update(outcomes, (all) => new Map(all).set(feed, outcome)),
        recordGap: (gap) =>
          Ref.update(gaps, ({ count, last }) => ({ count: count + 1, last: [...last, gap].slice(-SHOWN) })),
        outcomes: Ref.get(outcomes),
        gaps: Ref.get(gaps),
      })
    }),
  )
}
