/** Pages of records → batches of events. A record that no event can be made of becomes a dead letter. */
import { Effect, Option, Result } from "effect"
import type { DeadLetter } from "../dead-letters/DeadLetters.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import type { Event } from "../domain/Event.ts"
import { Normalizers } from "../normalizers/Registry.ts"
import type { Page } from "../sources/Source.ts"
import { RunStatus } from "../status/RunStatus.ts"
import { count } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import { annotate } from "../telemetry/tracing.ts"
import { Policies } from "./Policies.ts"
import { Run } from "./Run.ts"
import type { Shipment } from "./Shipment.ts"
import { setAside } from "./setAside.ts"

const inPieces = <A>(all: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  all.length <= size
    ? [all]
    : Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size))

export const normalize = Effect.fnUntraced(function* (feed: FeedName, page: Page) {
  const normalizers = yield* Normalizers
  const run = yield* Run
  const { maxBatchEvents } = yield* Policies
  yield* (yield* RunStatus).fetched(feed, page.fetched)

  const events: Array<Event> = []
  let dead = 0
  let repeated = page.repeated ?? 0
  const giveUp = Effect.fnUntraced(function* (letter: Omit<DeadLetter, "attempts">) {
    if (yield* setAside(feed, { ...letter, attempts: 1 })) dead += 1
    else repeated += 1
  })
  for (const { envelope, message } of page.refused ?? [])
    yield* giveUp({ envelope, reason: "normalization_failed", error: message })
  for (const envelope of page.envelopes) {
    const event = normalizers.normalize(envelope)
    if (Result.isSuccess(event)) events.push(event.success)
    else yield* giveUp({ envelope, reason: event.failure.reason, error: event.failure.message })
  }

  yield* count(METRICS.events, { feed, stage: "fetched" }, page.fetched)
  yield* count(METRICS.events, { feed, stage: "normalized" }, events.length)

  const pieces = inPieces(events, maxBatchEvents)
  const shipments = yield* Effect.forEach(
    pieces,
    Effect.fnUntraced(function* (piece, n) {
      const last = n === pieces.length - 1
      return {
        batch: {
          id: yield* run.nextBatchId(feed),
          feed,
          events: piece,
          // The position stands for the whole page, so only its last piece may carry it.
          position: last ? page.position : Option.none(),
          maybeSent: page.maybeSent,
          replayed: page.replayed ?? false,
        },
        dead: last ? dead : 0,
        toWrite: piece,
        known: 0,
        duplicated: 0,
        repeated: last ? repeated : 0,
        filtered: last ? (page.filtered ?? 0) : 0,
      } satisfies Shipment
    }),
  )
  yield* annotate(() => ({ batches: shipments.map(({ batch }) => batch.id), events: events.length, dead }))
  return shipments
})
