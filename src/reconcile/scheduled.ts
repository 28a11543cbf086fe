/**
 * The look back that `waybill run` does by itself: now and then, between two polls of a feed.
 *
 * It compares up to the checkpoint, because only up to there anything is promised, and never before the time that the
 * feed's first poll reached: what a setting left out is not fetched by a schedule. Both that time and when it was last
 * done are kept in `<state>/reconcile/<feed>.json`, so that a run which starts often still comes to it.
 */
import { Clock, Duration, Effect, FileSystem, Option, Path, Ref, Schema } from "effect"
import { Checkpoints } from "../checkpoints/Checkpoints.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import { iso } from "../domain/isoTime.ts"
import { monotonicMillis } from "../domain/monotonicTime.ts"
import { FOLDER_MODE, writeDurably } from "../durable-files/durableFile.ts"
import { Indexer } from "../indexer/Indexer.ts"
import { Stop } from "../pipeline/Stop.ts"
import type { Feed } from "../sources/Source.ts"
import * as Log from "../telemetry/log.ts"
import { type Counts, noCounts } from "./Counts.ts"
import { type FeedWithHistory, hasHistory, type TimeWindow } from "./comparing.ts"
import { noProgress, RECONCILE_FOLDER } from "./Progress.ts"
import { type Outcome, reconcile } from "./Reconcile.ts"
import { boundWindow } from "./times.ts"

export const Schedule = Schema.Struct({
  version: Schema.Literal(1),
  feed: Schema.String,
  /** What the first poll reached back to; nothing before it is compared. Epoch milliseconds. */
  since: Schema.Finite,
  /** When the last one ended. Epoch milliseconds. */
  last: Schema.Finite,
})
export type Schedule = typeof Schedule.Type

const ScheduleJson = Schema.fromJsonString(Schedule)
const decode = Schema.decodeUnknownOption(ScheduleJson)
const encode = Schema.encodeEffect(ScheduleJson)

/** Interval and window may change while Waybill runs. */
export interface ScheduledOptions {
  readonly interval: Duration.Duration
  readonly window: Duration.Duration
  readonly clockSkew: Duration.Duration
  /** `state.path` of the config. */
  readonly state: string
}

/** A look back that failed is tried again after this part of the interval: the source may just be away. */
const AGAIN = 1 / 12
/** How many of the missing are named in the warning. */
const NAMED = 5

/** The log's fields. */
export const countFields = (counts: Counts) => ({
  at_source: counts.atSource,
  indexed: counts.indexed,
  duplicated: counts.duplicated,
  missing: counts.missing,
  written: counts.written,
  confirmed: counts.confirmed,
  dead_lettered: counts.deadLettered,
  dead_letters: counts.deadLetters,
})

const report = Effect.fnUntraced(function* (outcome: Outcome, window: TimeWindow, tookMillis: number) {
  const { counts, failure, feed } = outcome
  const fields = {
    feed,
    from: iso(window.from),
    to: iso(window.to),
    ...countFields(counts),
    took_ms: tookMillis,
  }
  if (counts.missing > 0)
    yield* Log.warning(
      "reconcile.found_missing",
      `${counts.missing} events of ${feed} were at the source and not in the index: they came late, or the index lost them. ` +
        `${counts.confirmed} of them are delivered and confirmed now.`,
      { ...fields, first: outcome.missing.map(({ id, time }) => ({ id, time: iso(time) })) },
    )
  if (outcome.complete) yield* Log.info("reconcile.finished", `${feed} is compared with the index`, fields)
  else if (failure !== undefined)
    yield* Log.warning("reconcile.failed", `${failure.message} The look back is tried again later.`, {
      ...fields,
      reason: typeof failure.reason === "string" ? failure.reason : failure.reason._tag,
      request: failure._tag === "SourceError" ? failure.request : undefined,
    })
})

const UNDONE = { counts: noCounts, missing: [], resumedFrom: undefined, complete: false } as const

/**
 * Fails where the index can't be asked about the whole window, such as when an index of it is closed: a look back may
 * be left out, and must not keep its feed from going on.
 */
const asked = Effect.fnUntraced(function* (from: number, clockSkew: Duration.Duration) {
  const indexer = yield* Effect.serviceOption(Indexer)
  if (Option.isNone(indexer)) return
  yield* indexer.value.copies({ ids: ["waybill-look-back"], since: from - Duration.toMillis(clockSkew) })
})

const schedules = Effect.fnUntraced(function* (state: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const folder = path.join(state, RECONCILE_FOLDER)
  const fileOf = (feed: FeedName) => path.join(folder, `${feed.replaceAll("/", ".")}.json`)
  return {
    load: (feed: FeedName) =>
      fs.readFileString(fileOf(feed)).pipe(
        Effect.option,
        Effect.map((text) => Option.filter(Option.flatMap(text, decode), (kept) => kept.feed === feed)),
      ),
    /** One that can't be kept only makes the next run begin its interval anew. */
    save: (schedule: Schedule) =>
      encode(schedule).pipe(
        Effect.tap(() => fs.makeDirectory(folder, { recursive: true, mode: FOLDER_MODE })),
        Effect.flatMap((text) => writeDurably(fileOf(schedule.feed), `${text}\n`)),
        Effect.provide(services),
        Effect.ignore,
      ),
  }
})

/**
 * Made before the first poll. What it answers is called after each poll that is settled, and not at the same time as
 * one of the same feed; it does nothing until the interval is over.
 */
export const makeScheduled = Effect.fnUntraced(function* (current: () => ScheduledOptions) {
  const files = yield* schedules(current().state)
  const startedAt = yield* Clock.currentTimeMillis
  /** Monotonic milliseconds. */
  const interval = () => Duration.toMillis(current().interval)
  const notBefore = yield* Ref.make<ReadonlyMap<FeedName, number>>(new Map())

  const lookBack = Effect.fnUntraced(function* (feed: FeedWithHistory, schedule: Schedule) {
    const checkpoint = yield* (yield* Checkpoints).load(feed.name)
    const position = Option.getOrUndefined(checkpoint)?.position
    if (position?.kind !== "time") return
    const now = yield* Clock.currentTimeMillis
    const wanted = {
      // A clock that was ahead when `since` was kept must not keep everything until then from being compared.
      from: Math.max(
        position.up_to - Duration.toMillis(current().window),
        Math.min(schedule.since, startedAt - Duration.toMillis(feed.history.firstRun)),
      ),
      to: position.up_to,
    }
    const { from, to } = boundWindow(wanted, now, feed.retention && Duration.toMillis(feed.retention))
    if (from >= to) return
    const outcome = yield* asked(from, current().clockSkew).pipe(
      Effect.andThen(reconcile({ feed, window: { from, to }, named: NAMED }, noProgress)),
      Effect.catchTag("IndexerError", (failure) =>
        Effect.succeed<Outcome>({ ...UNDONE, feed: feed.name, window: { from, to }, failure }),
      ),
    )
    const endedAt = yield* Clock.currentTimeMillis
    yield* report(outcome, { from, to }, endedAt - now)
    if (outcome.complete) yield* files.save({ ...schedule, last: endedAt })
    const pause = outcome.complete ? interval() : interval() * AGAIN
    const next = (yield* monotonicMillis) + pause
    yield* Ref.update(notBefore, (all) => new Map(all).set(feed.name, next))
  })

  return Effect.fnUntraced(function* (feed: Feed) {
    if (!hasHistory(feed) || (yield* (yield* Stop).isRequested)) return
    const next = (yield* Ref.get(notBefore)).get(feed.name)
    if (next !== undefined && (yield* monotonicMillis) < next) return
    const now = yield* Clock.currentTimeMillis
    const kept = yield* files.load(feed.name)
    if (Option.isNone(kept)) {
      const since = startedAt - Duration.toMillis(feed.history.firstRun)
      yield* files.save({ version: 1, feed: feed.name, since, last: now })
      return
    }
    const { last } = kept.value
    if (last <= now && now - last < interval()) return
    yield* lookBack(feed, kept.value).pipe(
      Effect.catchTag("CheckpointError", (error) =>
        Log.error("checkpoint.unreadable", `${error.message} The look back is left out.`, {
          feed: feed.name,
        }),
      ),
    )
  })
})
