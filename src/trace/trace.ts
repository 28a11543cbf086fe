/** Everything that is known of one event: its receipts, its dead letter, and, for the last word, the index. */
import { Duration, Effect, Option } from "effect"
import type { DeadLetterError, StoredLetter } from "../dead-letters/DeadLetters.ts"
import { Indexer, type Place } from "../indexer/Indexer.ts"
import { Receipts, type TracedWrite } from "../receipts/Receipts.ts"
import { type TraceState, verdictOf } from "./verdict.ts"

export interface Trace {
  readonly eventId: string
  readonly state: TraceState
  /** The batches that it was in, newest first. */
  readonly writes: ReadonlyArray<TracedWrite>
  readonly letter: StoredLetter | undefined
  /** Where a search returns it; undefined when the indexer could not be asked. */
  readonly places: ReadonlyArray<Place> | undefined
  /** When the oldest receipt was begun, epoch milliseconds; undefined where there is none. */
  readonly receiptsSince: number | undefined
  /** What could not be looked into, and why. */
  readonly problems: { readonly index?: string; readonly receipts?: string; readonly letters?: string }
}

/** A person waits for it. */
const PATIENCE = Duration.seconds(10)

const ask = Effect.fnUntraced(function* (eventId: string) {
  const indexer = yield* Effect.serviceOption(Indexer)
  if (Option.isNone(indexer))
    return yield* Effect.fail(
      "no indexer is configured for it (verify.mode, indexer.username, indexer.password)",
    )
  // Whatever its age: it may have been written before there were receipts.
  return yield* indexer.value.places({ ids: [eventId], since: 0 }).pipe(
    Effect.mapError(({ message }) => message),
    Effect.timeoutOrElse({
      duration: PATIENCE,
      orElse: () => Effect.fail(`the indexer did not answer within ${Duration.format(PATIENCE)}`),
    }),
  )
})

/** An answer, or why there is none. */
const orWhy = <A, R>(asked: Effect.Effect<A, string, R>) =>
  Effect.match(asked, {
    onSuccess: (answer) => ({ answer, why: undefined }),
    onFailure: (why) => ({ answer: undefined, why }),
  })

/** An event that was in one batch, and is there once, tells where that batch lies. */
const withIndex = (
  writes: ReadonlyArray<TracedWrite>,
  places: ReadonlyArray<Place>,
): ReadonlyArray<TracedWrite> => {
  const [place] = places
  return place === undefined || places.length > 1 || writes.length > 1
    ? writes
    : writes.map((write) => ({ ...write, receipt: { ...write.receipt, index: place.index } }))
}

/** @param findLetter the letter of an event that waits */
export const trace = Effect.fnUntraced(function* (
  eventId: string,
  findLetter: (eventId: string) => Effect.Effect<StoredLetter | undefined, DeadLetterError>,
) {
  const receipts = yield* Receipts
  const [kept, letters, index] = yield* Effect.all(
    [
      receipts.find(eventId).pipe(
        Effect.zip(receipts.since),
        Effect.mapError(({ message }) => message),
        orWhy,
      ),
      findLetter(eventId).pipe(
        Effect.mapError(({ message }) => message),
        orWhy,
      ),
      orWhy(ask(eventId)),
    ],
    { concurrency: "unbounded" },
  )
  const [found = [], receiptsSince] = kept.answer ?? []
  const writes = withIndex(found, index.answer ?? [])
  for (const { receipt } of writes)
    if (receipt.index !== undefined) yield* receipts.indexed(receipt.batch, receipt.index)
  const newest = writes[0]
  const traced: Trace = {
    eventId,
    state: verdictOf({
      copies: index.answer?.length,
      hasLetter: letters.answer !== undefined,
      write: newest && { state: newest.receipt.state, isDead: newest.isDead },
    }),
    writes,
    letter: letters.answer,
    places: index.answer,
    receiptsSince,
    problems: {
      ...(index.why === undefined ? {} : { index: index.why }),
      ...(kept.why === undefined ? {} : { receipts: kept.why }),
      ...(letters.why === undefined ? {} : { letters: letters.why }),
    },
  }
  return traced
})
