/** Searches that a start may wait for, but not for ever. */
import { Clock, Duration, Effect, Option, Ref, Schedule } from "effect"
import type { Checkpoint } from "../domain/Checkpoint.ts"
import { sentSince } from "../domain/Event.ts"
import { Indexer, IndexerError, type IndexerErrorReason } from "../indexer/Indexer.ts"
import { IndexHistory } from "../indexer/IndexHistory.ts"
import type { Feed } from "../sources/Source.ts"
import type { InIndex } from "./decide.ts"

export interface AskOptions {
  /** How long to try. */
  readonly timeout: Duration.Duration
  /** How far the clocks of Waybill and the manager may be apart. */
  readonly clockSkew: Duration.Duration
}

const BETWEEN_TRIES = Duration.seconds(1)

/** What no waiting mends; and asking often with a wrong password could lock the account. */
const LASTING: ReadonlySet<IndexerErrorReason> = new Set(["unauthorized", "forbidden", "untrusted"])

/** Tries until it is answered or the time is over; fails with the last thing that went wrong. */
const patiently = Effect.fnUntraced(function* <A, R>(
  ask: Effect.Effect<A, IndexerError, R>,
  timeout: Duration.Duration,
) {
  const last = yield* Ref.make(
    new IndexerError({
      reason: "timed-out",
      message: `The indexer has not answered within ${Duration.format(timeout)}.`,
    }),
  )
  return yield* ask.pipe(
    Effect.tapError((error) => Ref.set(last, error)),
    Effect.retry({ schedule: Schedule.spaced(BETWEEN_TRIES), while: ({ reason }) => !LASTING.has(reason) }),
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.flatMap(Ref.get(last), (error) => Effect.fail(error)),
    }),
  )
})

/** Whether the indexer answers a search at all: the smallest there is. */
export const reach = Effect.fnUntraced(function* ({ timeout }: AskOptions) {
  const indexer = yield* Indexer
  const now = yield* Clock.currentTimeMillis
  yield* patiently(indexer.count({ ids: ["waybill-start"], since: now }), timeout)
})

/** `firewalla-msp/flows` → `firewalla-msp`: what its events carry as `source`. */
const sourceOf = (feed: Feed): string => feed.name.slice(0, feed.name.lastIndexOf("/"))

/** What the index has of a feed. */
export const inIndex = Effect.fnUntraced(function* (
  feed: Feed,
  checkpoint: Checkpoint | undefined,
  { timeout, clockSkew }: AskOptions,
) {
  const indexer = yield* Indexer
  const history = yield* IndexHistory
  const known = checkpoint?.newest ?? undefined
  const query = { source: sourceOf(feed), eventType: feed.eventType }

  const look = Effect.gen(function* () {
    if (known !== undefined) {
      const sent = sentSince({ type: feed.eventType, timeMillis: known.time })
      const since = sent - Duration.toMillis(clockSkew)
      const copies = yield* indexer.copies({
        ids: [known.id],
        since,
        coverSince: known.time - Duration.toMillis(clockSkew),
      })
      if (copies.has(known.id)) {
        const newest = yield* history.newest({ ...query, since })
        return { hasCheckpointsNewest: true, newest: Option.getOrUndefined(newest) } satisfies InIndex
      }
    }
    const newest = yield* history.newest(query)
    return { hasCheckpointsNewest: false, newest: Option.getOrUndefined(newest) } satisfies InIndex
  })
  return yield* patiently(look, timeout)
})
