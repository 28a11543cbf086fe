/** Nothing is sent twice on a guess: what an earlier poll or run may have sent is looked for in the index first. */
import { Effect } from "effect"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import { type Event, type EventType, idHoldsTime, sentSince } from "../domain/Event.ts"
import * as Log from "../telemetry/log.ts"
import { count } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import { type Sought, Verifier } from "../verify/Verifier.ts"
import { InFlight } from "./InFlight.ts"
import type { Shipment } from "./Shipment.ts"

const soughtOf = (events: ReadonlyArray<Event>, latest: (type: EventType) => number): Sought => {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { timeMillis } of events) {
    from = Math.min(from, timeMillis)
    to = Math.max(to, timeMillis)
  }
  const [eventType, ...others] = new Set(events.map(({ type }) => type))
  return {
    ids: events.map(({ id }) => id),
    since: events.reduce((since, event) => Math.min(since, sentSince(event)), Number.POSITIVE_INFINITY),
    ...(eventType !== undefined && others.length === 0 && idHoldsTime(eventType)
      ? { within: { eventType, from, to, writtenUpTo: latest(eventType) } }
      : {}),
  }
}

export const searchBeforeSend = Effect.fnUntraced(function* (shipment: Shipment) {
  const letters = yield* DeadLetters
  const { batch } = shipment
  // A letter that waits on disk is not sent again by its feed; that is for a replay to do.
  const alive = batch.replayed ? shipment.toWrite : shipment.toWrite.filter((event) => !letters.has(event.id))
  if (!batch.maybeSent || alive.length === 0) return { ...shipment, toWrite: alive }

  const verifier = yield* Verifier
  const { latest, watch: watching } = yield* InFlight
  const watch = yield* watching(alive.map(({ id }) => id))
  const copies = yield* verifier.known(soughtOf(alive, latest))
  if (copies.size === 0) return { ...shipment, toWrite: alive, watch }

  let duplicated = 0
  for (const count of copies.values()) if (count > 1) duplicated += 1
  yield* count(METRICS.events, { feed: batch.feed, stage: "known" }, copies.size)
  yield* count(METRICS.duplicates, { feed: batch.feed }, duplicated)
  yield* Log.debug(
    "batch.known",
    `${copies.size} of ${batch.events.length} events are in the index already`,
    {
      feed: batch.feed,
      batch: batch.id,
      known: copies.size,
      events: batch.events.length,
      duplicated,
    },
  )
  return {
    ...shipment,
    toWrite: alive.filter((event) => !copies.has(event.id)),
    known: copies.size,
    duplicated,
    watch,
  }
})
