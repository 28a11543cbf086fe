/** The part that only looks: what the source has in a window, and which of it the index does not have. */
import { Effect, Ref, Stream } from "effect"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import { normalize } from "../pipeline/normalize.ts"
import type { Shipment } from "../pipeline/Shipment.ts"
import { searchBeforeSend } from "../pipeline/searchBeforeSend.ts"
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

const batchesOf = Effect.fnUntraced(function* (feed: FeedName, page: Page) {
  const waiting = yield* DeadLetters
  const envelopes = page.envelopes.filter(({ id }) => !waiting.has(id))
  const letters = page.envelopes.length - envelopes.length
  const batches = yield* normalize(feed, { ...page, envelopes })
  return batches.map(
    (shipment, n): Compared => ({ shipment, letters: n === batches.length - 1 ? letters : 0 }),
  )
})

/** Every batch of the window, looked for; a page that can't be had ends it softly and is put into `failure`. */
export const compared = (
  feed: FeedWithHistory,
  { from, to }: TimeWindow,
  failure: Ref.Ref<SourceError | undefined>,
) =>
  feed.history.between(from, to).pipe(
    Stream.catch((error) => Stream.fromEffectDrain(Ref.set(failure, error))),
    Stream.mapEffect((page) => batchesOf(feed.name, page)),
    Stream.flattenIterable,
    Stream.mapEffect((batch) =>
      Effect.map(searchBeforeSend(batch.shipment), (shipment): Compared => ({ ...batch, shipment })),
    ),
  )
