/**
 * Compares the source and the index over a window by id, and delivers what is missing through the same stages as a
 * poll. The feed's checkpoint is not moved: it says up to where everything is settled, which a look back can't change.
 *
 * It must not run beside a poll of the same feed, nor beside another process on the same state folder: what a search
 * does not find would then not mean that nobody is sending it.
 */
import { Effect, Option, Ref, Stream } from "effect"
import type { Event } from "../domain/Event.ts"
import { confirm, MOST_BATCHES_AHEAD } from "../pipeline/confirm.ts"
import { Stop } from "../pipeline/Stop.ts"
import { searchBeforeSend } from "../pipeline/searchBeforeSend.ts"
import { write } from "../pipeline/write.ts"
import { add, type Counts, foundIn, noCounts, settledOf, withoutReread } from "./Counts.ts"
import {
  type Compared,
  compared,
  type FeedWithHistory,
  type LookFailure,
  lookUp,
  type TimeWindow,
} from "./comparing.ts"
import type { ProgressFile } from "./Progress.ts"

/** An event that the index did not have. */
export interface Missing {
  readonly id: string
  readonly type: string
  /** Epoch milliseconds. */
  readonly time: number
}

export interface Outcome {
  readonly feed: string
  readonly window: TimeWindow
  readonly counts: Counts
  /** The first of those that were missing. */
  readonly missing: ReadonlyArray<Missing>
  /** Where it went on from, when an earlier start had not come to the end. Epoch milliseconds. */
  readonly resumedFrom: number | undefined
  /** Whether the whole window is compared, and in a delivery settled. */
  readonly complete: boolean
  /** Why the window could not be compared to the end. */
  readonly failure: LookFailure | undefined
}

export interface ReconcileOptions {
  readonly feed: FeedWithHistory
  readonly window: TimeWindow
  /** How many of the missing are named. */
  readonly named: number
  /** Told after each batch. Epoch milliseconds. */
  readonly onProgress?: (upTo: number, counts: Counts) => Effect.Effect<void>
}

const positionOf = ({ shipment }: Compared): number | undefined => {
  const position = Option.getOrUndefined(shipment.batch.position)
  return position?.kind === "time" ? position.up_to : undefined
}

const missingOf = (events: ReadonlyArray<Event>, named: number): ReadonlyArray<Missing> =>
  events.slice(0, named).map(({ id, timeMillis, type }) => ({ id, type, time: timeMillis }))

/**
 * What is kept of a batch that has been compared, and nothing more: behind one that is held many others may be settled,
 * so none of them may keep its events.
 */
interface Taken {
  readonly found: Counts
  readonly lacking: ReadonlyArray<Missing>
  readonly position: number | undefined
}

/** What both ways keep while they go through the window. */
const makeTally = Effect.fnUntraced(function* (options: ReconcileOptions, start: Counts, from: number) {
  const failure = yield* Ref.make<LookFailure | undefined>(undefined)
  const stop = yield* Stop
  let counts = start
  let upTo = from
  const missing: Array<Missing> = []

  return {
    failure,
    stop,
    /** Takes one batch over, in feed order. */
    take: Effect.fnUntraced(function* ({ found, lacking, position }: Taken) {
      counts = add(counts, found)
      missing.push(...lacking.slice(0, Math.max(0, options.named - missing.length)))
      upTo = position ?? upTo
      if (options.onProgress !== undefined) yield* options.onProgress(upTo, counts)
      return { counts, upTo, moved: position !== undefined }
    }),
    outcome: Effect.fnUntraced(function* (resumedFrom: number | undefined) {
      const failed = yield* Ref.get(failure)
      return {
        feed: options.feed.name,
        window: options.window,
        counts,
        missing,
        resumedFrom,
        complete: failed === undefined && !(yield* stop.isRequested),
        failure: failed,
      } satisfies Outcome
    }),
  }
})

/**
 * Looks only: sends nothing, keeps nothing, and fails where the indexer can't be asked. A record that no event can be
 * made of counts as missing.
 *
 * @param clockSkew how far the clocks of the source and the manager may be apart, milliseconds
 */
export const compareOnly = Effect.fnUntraced(function* (options: ReconcileOptions, clockSkew: number) {
  const { feed, window } = options
  const tally = yield* makeTally(options, noCounts, window.from)
  yield* compared(feed, window, tally.failure, lookUp(clockSkew)).pipe(
    Stream.interruptWhen(tally.stop.requested),
    Stream.runForEach((batch) =>
      tally.take({
        found: foundIn(batch),
        lacking: missingOf(batch.shipment.toWrite, options.named),
        position: positionOf(batch),
      }),
    ),
  )
  return yield* tally.outcome(undefined)
})

/** Delivers what is missing, and ends when all of it is confirmed or a dead letter. Goes on where `progress` says. */
export const reconcile = Effect.fnUntraced(function* (options: ReconcileOptions, progress: ProgressFile) {
  const { feed, window } = options
  const before = Option.getOrUndefined(yield* progress.load)
  const from = Math.max(before?.up_to ?? window.from, window.from)
  const start = before === undefined ? noCounts : withoutReread(before.counts, before.reread)
  const tally = yield* makeTally(options, start, from)
  /** Times of what is settled and lies at or after the last position. */
  let beyond: ReadonlyArray<number> = []

  yield* compared(feed, { ...window, from }, tally.failure, searchBeforeSend).pipe(
    Stream.buffer({ capacity: 1 }),
    // As in a poll: what has been written is still waited for.
    Stream.interruptWhen(tally.stop.requested),
    Stream.mapEffect((batch) => Effect.map(write(batch.shipment), (written) => ({ batch, written }))),
    Stream.mapEffect(
      ({ batch, written }) =>
        Effect.map(confirm(written), (receipt) => ({
          found: settledOf(batch, written, receipt),
          lacking: missingOf(written.taken, options.named),
          position: positionOf(batch),
          times: batch.shipment.batch.events.map(({ timeMillis }) => timeMillis),
        })),
      { concurrency: MOST_BATCHES_AHEAD },
    ),
    Stream.runForEach(
      Effect.fnUntraced(function* ({ times, ...taken }) {
        const { counts, moved, upTo } = yield* tally.take(taken)
        beyond = [...beyond, ...times].filter((time) => time >= upTo)
        if (!moved) return
        yield* progress.save({
          version: 1,
          feed: feed.name,
          ...window,
          up_to: upTo,
          counts,
          reread: beyond.length,
        })
      }),
    ),
  )
  const outcome = yield* tally.outcome(before?.up_to)
  if (outcome.complete) yield* progress.remove
  return outcome
})
