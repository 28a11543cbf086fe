/**
 * The whole way of the data, from a feed's pages to its checkpoint. It reads from top to bottom.
 *
 * Why it can be trusted:
 * - Each stage keeps the order of the feed. Confirming runs for many batches at once, but hands them on in order, so
 *   a commit never passes a batch that is still out.
 * - No stage after the pages can fail: what can't be done now is held and tried again. A page that can't be had ends
 *   the poll early and softly; what came before it is still delivered and committed.
 * - The permits of `InFlight` bound what is written and not settled, and so the memory, whatever the backlog.
 */
import { Effect, type Option, Ref, Stream } from "effect"
import type { Batch } from "../domain/Batch.ts"
import type { Checkpoint } from "../domain/Checkpoint.ts"
import type { Feed, Page, SourceError } from "../sources/Source.ts"
import { fetchSpans, span, traceOf } from "../telemetry/tracing.ts"
import { markLast, openAccount } from "./account.ts"
import { commit } from "./commit.ts"
import { confirm, MOST_BATCHES_AHEAD } from "./confirm.ts"
import { normalize } from "./normalize.ts"
import { Stop } from "./Stop.ts"
import { addReceipt, startSummary } from "./Summary.ts"
import { searchBeforeSend } from "./searchBeforeSend.ts"
import { write } from "./write.ts"

const brought = (pages: ReadonlyArray<Page>) => ({
  records: pages.reduce((sum, { fetched }) => sum + fetched, 0),
})
const of = ({ events, feed, id }: Batch) => ({ feed, batch: id, events: events.length })

/** One poll of a feed: everything from its checkpoint to now, delivered, confirmed and committed. */
export const deliver = Effect.fnUntraced(
  function* (feed: Feed, checkpoint: Option.Option<Checkpoint>) {
    const failure = yield* Ref.make<SourceError | undefined>(undefined)
    const stop = yield* Stop
    const account = yield* openAccount(feed.name)
    const commitInOrder = yield* commit(feed, checkpoint)

    const ofFeed = () => ({ feed: feed.name })
    const delivered = yield* feed.poll(checkpoint).pipe(
      fetchSpans(ofFeed, brought),
      Stream.catch((error) => Stream.fromEffectDrain(Ref.set(failure, error))),
      Stream.mapEffect((page) => Effect.map(account.fetched(page), (upTo) => ({ page, upTo }))),
      Stream.mapEffect(({ page, upTo }) =>
        normalize(feed.name, page).pipe(
          span("normalize", ofFeed),
          Effect.map((shipments) => markLast(shipments, upTo)),
        ),
      ),
      Stream.flattenIterable,
      Stream.mapEffect(searchBeforeSend),
      Stream.buffer({ capacity: 1 }),
      // Here, because everything before it may be cut off and nothing after it may.
      Stream.interruptWhen(stop.requested),
      Stream.mapEffect(write),
      Stream.mapEffect((shipment) => confirm(shipment).pipe(span("verify", () => of(shipment.batch))), {
        concurrency: MOST_BATCHES_AHEAD,
      }),
      Stream.tap(account.settled),
      Stream.mapEffect((settled) =>
        commitInOrder(settled).pipe(span("commit", () => ({ feed: feed.name, batch: settled.batch }))),
      ),
      Stream.runFold(() => startSummary, addReceipt),
    )
    const ledger = yield* account.closed(yield* stop.isRequested)
    return { ...delivered, ...ledger, failure: yield* Ref.get(failure) }
  },
  (delivering, feed) => delivering.pipe(traceOf("poll", () => ({ feed: feed.name }))),
)
