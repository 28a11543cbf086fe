/** Nothing is sent twice on a guess: what an earlier poll or run may have sent is looked for in the index first. */
import { Effect } from "effect"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import { anySentSince, type Event, type EventType, idHoldsTime } from "../domain/Event.ts"
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
    since: anySentSince(events),
    coverSince: from,
    ...(eventType !== undefined && others.length === 0 && idHoldsTime(eventType)
      ? { within: { eventType, from, to, writtenUpTo: latest(eventType) } }
      : {}),
  }
}

/**
 * What is still to be sent of a batch, claimed: what waits on disk as a letter is for a replay to send, and what another
 * batch has sent meanwhile has arrived. A replay asks the index in any case, since what it is told removes its letters.
 */
const claimed = Effect.fnUntraced(function* ({ batch, toWrite }: Shipment) {
  const letters = yield* DeadLetters
  const { claim, forgo } = yield* InFlight
  if (batch.replayed) {
    yield* claim(toWrite)
    return { alive: toWrite, arrived: 0, waiting: 0 }
  }
  const isAlive = ({ id }: Event) => !letters.has(id)
  const wanted = toWrite.filter(isAlive)
  const settled = yield* claim(wanted)
  const alive = wanted.filter((event) => !settled.has(event.id))
  const others = wanted.filter((event) => settled.has(event.id))
  yield* forgo(others)
  const arrived = others.filter(isAlive).length
  const waiting = toWrite.length - wanted.length + others.length - arrived
  return { alive, arrived, waiting }
})

export const searchBeforeSend = Effect.fnUntraced(function* (shipment: Shipment) {
  const { batch } = shipment
  const { forgo, latest } = yield* InFlight
  const { alive, arrived, waiting } = yield* claimed(shipment)
  const verifier = yield* Verifier
  const copies =
    batch.maybeSent && alive.length > 0
      ? yield* verifier.known(soughtOf(alive, latest))
      : new Map<string, number>()
  const known = arrived + copies.size
  if (known === 0) return { ...shipment, toWrite: alive, repeated: shipment.repeated + waiting }
  const found = alive.filter(({ id }) => copies.has(id))
  const repeated = shipment.repeated + waiting + found.length - copies.size
  yield* forgo(found)

  let duplicated = 0
  for (const count of copies.values()) if (count > 1) duplicated += 1
  yield* count(METRICS.events, { feed: batch.feed, stage: "known" }, known)
  yield* count(METRICS.duplicates, { feed: batch.feed }, duplicated)
  yield* Log.debug("batch.known", `${known} of ${batch.events.length} events are in the index already`, {
    feed: batch.feed,
    batch: batch.id,
    known,
    events: batch.events.length,
    duplicated,
  })
  return {
    ...shipment,
    toWrite: alive.filter((event) => !copies.has(event.id)),
    known,
    duplicated,
    repeated,
  }
})
