/**
 * Time of which nothing can be had any more: it lies behind a feed's checkpoint and before what its source keeps.
 *
 * Told once, when the source answers, because only then the end of the gap is certain: while the source is away the
 * gap grows. A poll that fails tells nothing, and one that begins at the same checkpoint again tells nothing new.
 */
import { Clock, Duration, Effect, Option, Ref, Stream } from "effect"
import type { Checkpoint, FeedName } from "../domain/Checkpoint.ts"
import type { Feed } from "../sources/Source.ts"
import { StatusEvents } from "../status/StatusEvents.ts"
import * as Log from "../telemetry/log.ts"

/** Time of which a source no longer has the records that were not delivered. Epoch milliseconds, half-open. */
export interface LostGap {
  readonly feed: FeedName
  readonly from: number
  readonly to: number
}

/** @param now epoch milliseconds */
export const lostGap = (
  feed: Pick<Feed, "name" | "retention">,
  checkpoint: Option.Option<Checkpoint>,
  now: number,
): LostGap | undefined => {
  if (feed.retention === undefined || Option.isNone(checkpoint)) return undefined
  const { position } = checkpoint.value
  if (position.kind !== "time") return undefined
  const to = now - Duration.toMillis(feed.retention)
  return position.up_to < to ? { feed: feed.name, from: position.up_to, to } : undefined
}

const report = Effect.fnUntraced(function* (gap: LostGap) {
  const [from, to] = [gap.from, gap.to].map((time) => new Date(time).toISOString())
  const message =
    `${gap.feed}: what happened from ${from} to ${to} is lost: it was not delivered, and the source keeps nothing so old. ` +
    "If the portal keeps records longer, raise source.firewalla.retention and run `waybill backfill`."
  yield* Log.error("gap.lost", message, { feed: gap.feed, from, to })
  yield* (yield* StatusEvents).emit("gap_found", message, { feed: gap.feed, gap: "lost", from, to })
})

const reporting = Effect.fnUntraced(function* (feed: Feed) {
  const context = yield* Effect.context<StatusEvents>()
  /** Where the gap begins that was told last. */
  const told = yield* Ref.make<number | undefined>(undefined)
  const poll: Feed["poll"] = (checkpoint) =>
    Stream.unwrap(
      Effect.map(Clock.currentTimeMillis, (now) => {
        const gap = lostGap(feed, checkpoint, now)
        if (gap === undefined) return feed.poll(checkpoint)
        const tellOnce = Ref.getAndSet(told, gap.from).pipe(
          Effect.flatMap((last) => (last === gap.from ? Effect.void : report(gap))),
          Effect.provide(context),
        )
        return feed.poll(checkpoint).pipe(Stream.tap(() => tellOnce))
      }),
    )
  return { ...feed, poll } satisfies Feed
})

/** The same feeds, which tell of gaps as they are polled. */
export const reportingGaps = (feeds: ReadonlyArray<Feed>) => Effect.forEach(feeds, reporting)
