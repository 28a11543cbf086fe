/** The part that only looks: what the source has in a window, and which of it the index does not have. */
import { Effect, Ref, Stream } from "effect"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import { anySentSince } from "../domain/Event.ts"
import { Indexer, type IndexerError } from "../indexer/Indexer.ts"
import { normalize } from "../pipeline/normalize.ts"
import type { Shipment } from "../pipeline/Shipment.ts"
import type { Feed, FeedHistory, Page, SourceError } from "../sources/Source.ts"

/** A feed that can be read again. */
export interface FeedWithHistory extends Feed {
  readonly history: FeedHistory
}

export const hasHistory = (feed: Feed): feed is FeedWithHistory => feed.history !== undefined

/** Epoch milliseconds, half-open. */
export interface TimeWindow {
  readonly from: number
  readonly to: number
}

/** A batch that has been looked for. */
export interface Compared {
  readonly shipment: Shipment
  /** Records of its page that wait as dead letters already. They are neither normalized nor sent again. */
  readonly letters: number
}

/** What keeps a window from being read or searched to its end. */
export type LookFailure = SourceError | IndexerError

const batchesOf = Effect.fnUntraced(function* (feed: FeedName, page: Page) {
  const waiting = yield* DeadLetters
  const { refused = [], repeated = 0 } = page
  const envelopes = page.envelopes.filter(({ id }) => !waiting.has(id))
  const others = refused.filter(({ envelope }) => !waiting.has(envelope.id))
  const letters = page.envelopes.length - envelopes.length + refused.length - others.length
  const batches = yield* normalize(feed, {
    ...page,
    envelopes,
    refused: others,
    repeated: repeated + letters,
  })
  return batches.map(
    (shipment, n): Compared => ({ shipment, letters: n === batches.length - 1 ? letters : 0 }),
  )
})

/** Every batch of the window, looked for by `search`; what fails ends it softly and is put into `failure`. */
export const compared = <R>(
  feed: FeedWithHistory,
  { from, to }: TimeWindow,
  failure: Ref.Ref<LookFailure | undefined>,
  search: (shipment: Shipment) => Effect.Effect<Shipment, IndexerError, R>,
) =>
  feed.history.between(from, to).pipe(
    Stream.mapEffect((page) => batchesOf(feed.name, page)),
    Stream.flattenIterable,
    Stream.mapEffect((batch) =>
      Effect.map(search(batch.shipment), (shipment): Compared => ({ ...batch, shipment })),
    ),
    Stream.catch((error) => Stream.fromEffectDrain(Ref.set(failure, error))),
  )

/**
 * Looks a batch up as `searchBeforeSend` does, but fails where that one waits: nothing is on its way that would have to
 * be held, and who asks should be told that the indexer is away.
 *
 * @param clockSkew milliseconds
 */
export const lookUp = (clockSkew: number) =>
  Effect.fnUntraced(function* (shipment: Shipment) {
    if (shipment.toWrite.length === 0) return shipment
    const copies = yield* (yield* Indexer).copies({
      ids: shipment.toWrite.map(({ id }) => id),
      since: anySentSince(shipment.toWrite) - clockSkew,
      coverSince: Math.min(...shipment.toWrite.map(({ timeMillis }) => timeMillis)) - clockSkew,
    })
    let duplicated = 0
    for (const count of copies.values()) if (count > 1) duplicated += 1
    const toWrite = shipment.toWrite.filter(({ id }) => !copies.has(id))
    return { ...shipment, toWrite, known: copies.size, duplicated } satisfies Shipment
  })
