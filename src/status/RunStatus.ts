/**
 * What a run has done so far, feed by feed, and what it waits for: the facts that the admin API and the metrics show.
 *
 * The stages of the pipeline tell it; each call is one addition in memory. It is a reference with a default that
 * forgets everything, because only `run` has anybody to show it to.
 */
import { Clock, Context, Effect, Layer } from "effect"
import type { Checkpoint, FeedName } from "../domain/Checkpoint.ts"
import { type Ledger, NO_RECORDS } from "../domain/Ledger.ts"
import { LagHistory, type LagSample } from "./LagHistory.ts"

/**
 * Counted since the start of this run, over polls and look backs. The ledger's columns, of which `confirmed` is the one
 * for what was written.
 */
export interface FeedCounts extends Omit<Ledger, "written"> {
  /** Events handed to the writer; one that is written again counts once. */
  readonly written: number
  /** Of those: neither confirmed nor a dead letter yet. */
  readonly outstanding: number
  readonly confirmed: number
  /** Records of which nobody can say what became of them; always 0. */
  readonly unaccounted: number
}

export interface PollFailure {
  /** The tag of the source's error, e.g. `RateLimited`. */
  readonly reason: string
  readonly message: string
}

/** Times are epoch milliseconds. */
export interface FeedStatus {
  readonly feed: FeedName
  readonly checkpoint: Pick<Checkpoint, "position" | "committed_at"> | undefined
  readonly counts: FeedCounts
  /** From written to searchable, of the last batch. */
  readonly lagMillis: number | undefined
  readonly pollBeganAt: number | undefined
  /** `undefined` while the first poll runs; what follows tells of this poll. */
  readonly pollEndedAt: number | undefined
  readonly failure: PollFailure | undefined
  readonly nextPollAt: number | undefined
}

/** What a feed can be held by, beside its source; without the spool no pushed event is taken. */
export type Part = "writer" | "checkpoints" | "dlq" | "spool"

export interface Hold {
  readonly message: string
  /** Epoch milliseconds. */
  readonly since: number
}

export interface RunSnapshot {
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Whether the start-up sync is over, so that feeds are polled. */
  readonly polling: boolean
  readonly feeds: ReadonlyMap<FeedName, FeedStatus>
  /** Parts that can't do their work now. */
  readonly holds: ReadonlyMap<Part, Hold>
}

export interface Settlement {
  readonly ledger: Omit<Ledger, "fetched">
  /** Events that are no longer outstanding. */
  readonly taken: number
  readonly lagMillis: number | undefined
}

export interface RunStatusShape {
  readonly pollingBegan: Effect.Effect<void>
  readonly pollBegan: (feed: FeedName) => Effect.Effect<void>
  /** `pause`: milliseconds until the next poll. */
  readonly pollEnded: (feed: FeedName, failure: PollFailure | undefined, pause: number) => Effect.Effect<void>
  readonly fetched: (feed: FeedName, records: number) => Effect.Effect<void>
  readonly written: (feed: FeedName, events: number) => Effect.Effect<void>
  readonly settled: (feed: FeedName, settlement: Settlement) => Effect.Effect<void>
  /** A poll was cut off: nothing of this feed is waited for any more. */
  readonly abandoned: (feed: FeedName) => Effect.Effect<void>
  /** What a feed's ledger does not account for; succeeds with how many there are in all. */
  readonly unaccounted: (feed: FeedName, records: number) => Effect.Effect<number>
  /** A checkpoint that was read or written. */
  readonly checkpointed: (checkpoint: Checkpoint) => Effect.Effect<void>
  readonly held: (part: Part, message: string) => Effect.Effect<void>
  readonly released: (part: Part) => Effect.Effect<void>
  readonly snapshot: Effect.Effect<RunSnapshot>
  /** Of the last hour, oldest first. A feed of which nothing has been confirmed is not in it. */
  readonly lags: Effect.Effect<ReadonlyMap<FeedName, ReadonlyArray<LagSample>>>
}

/** The reason of a failure that is a defect of Waybill's own. */
export const DEFECT = "Defect"

const NOTHING: FeedCounts = { ...NO_RECORDS, outstanding: 0, confirmed: 0, unaccounted: 0 }

export const untold = (feed: FeedName): FeedStatus => ({
  feed,
  checkpoint: undefined,
  counts: NOTHING,
  lagMillis: undefined,
  pollBeganAt: undefined,
  pollEndedAt: undefined,
  failure: undefined,
  nextPollAt: undefined,
})

const make = Effect.map(Clock.currentTimeMillis, (startedAt): RunStatusShape => {
  const feeds = new Map<FeedName, FeedStatus>()
  const holds = new Map<Part, Hold>()
  const histories = new Map<FeedName, LagHistory>()
  let polling = false

  const change = (feed: FeedName, changed: (before: FeedStatus) => Partial<FeedStatus>) =>
    Effect.sync(() => {
      const before = feeds.get(feed) ?? untold(feed)
      feeds.set(feed, { ...before, ...changed(before) })
    })
  const count = (feed: FeedName, counted: (before: FeedCounts) => Partial<FeedCounts>) =>
    change(feed, ({ counts }) => ({ counts: { ...counts, ...counted(counts) } }))
  const changeNow = (feed: FeedName, changed: (now: number) => Partial<FeedStatus>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => change(feed, () => changed(now)))
  const remember = (feed: FeedName, lagMillis: number | undefined) =>
    lagMillis === undefined
      ? Effect.void
      : Effect.map(Clock.currentTimeMillis, (now) => {
          const history = histories.get(feed) ?? new LagHistory()
          histories.set(feed, history)
          history.add(now, lagMillis)
        })

  return {
    pollingBegan: Effect.sync(() => {
      polling = true
    }),
    pollBegan: (feed) => changeNow(feed, (now) => ({ pollBeganAt: now, nextPollAt: undefined })),
    pollEnded: (feed, failure, pause) =>
      changeNow(feed, (now) => ({ pollEndedAt: now, failure, nextPollAt: now + pause })),
    // A source that gives records has got over its failure. A poll that goes on for ever would never say so otherwise.
    // Over a defect, which may lie behind the source, a feed has got when a batch is settled.
    fetched: (feed, records) =>
      change(feed, ({ counts, failure }) => ({
        failure: failure?.reason === DEFECT ? failure : undefined,
        counts: { ...counts, fetched: counts.fetched + records },
      })),
    written: (feed, events) =>
      count(feed, ({ written, outstanding }) => ({
        written: written + events,
        outstanding: outstanding + events,
      })),
    settled: (feed, { lagMillis, ledger, taken }) =>
      Effect.andThen(
        remember(feed, lagMillis),
        change(feed, (before) => ({
          failure: undefined,
          lagMillis: lagMillis ?? before.lagMillis,
          counts: {
            ...before.counts,
            outstanding: before.counts.outstanding - taken,
            confirmed: before.counts.confirmed + ledger.written,
            known: before.counts.known + ledger.known,
            repeated: before.counts.repeated + ledger.repeated,
            filtered: before.counts.filtered + ledger.filtered,
            dead: before.counts.dead + ledger.dead,
          },
        })),
      ),
    abandoned: (feed) => count(feed, () => ({ outstanding: 0 })),
    unaccounted: (feed, records) =>
      Effect.map(
        count(feed, ({ unaccounted }) => ({ unaccounted: unaccounted + records })),
        () => feeds.get(feed)?.counts.unaccounted ?? 0,
      ),
    checkpointed: ({ committed_at, feed, position }) =>
      change(feed, () => ({ checkpoint: { position, committed_at } })),
    held: (part, message) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        holds.set(part, { message, since: holds.get(part)?.since ?? now })
      }),
    released: (part) =>
      Effect.sync(() => {
        holds.delete(part)
      }),
    snapshot: Effect.sync(() => ({ startedAt, polling, feeds: new Map(feeds), holds: new Map(holds) })),
    lags: Effect.map(
      Clock.currentTimeMillis,
      (now) => new Map([...histories].map(([feed, history]) => [feed, history.samples(now)])),
    ),
  }
})

const forgetting: RunStatusShape = {
  pollingBegan: Effect.void,
  pollBegan: () => Effect.void,
  pollEnded: () => Effect.void,
  fetched: () => Effect.void,
  written: () => Effect.void,
  settled: () => Effect.void,
  abandoned: () => Effect.void,
  unaccounted: (_feed, records) => Effect.succeed(records),
  checkpointed: () => Effect.void,
  held: () => Effect.void,
  released: () => Effect.void,
  snapshot: Effect.succeed({ startedAt: 0, polling: false, feeds: new Map(), holds: new Map() }),
  lags: Effect.succeed(new Map()),
}

export const RunStatus = Context.Reference<RunStatusShape>("waybill/status/RunStatus", {
  defaultValue: () => forgetting,
})

/** One that remembers. */
export const layer: Layer.Layer<never> = Layer.effect(RunStatus, make)

/** Over all feeds. What was taken in is always `failed`, `stored`, or on its way. */
export const totals = ({ feeds }: RunSnapshot) => {
  let failed = 0
  let stored = 0
  let outstanding = 0
  for (const { counts } of feeds.values()) {
    failed += counts.dead
    stored += counts.confirmed
    outstanding += counts.outstanding
  }
  return { processed: failed + stored + outstanding, failed, stored, outstanding }
}
