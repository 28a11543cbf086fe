/**
 * Waits until every event of a written batch is settled: returned by a search, or a dead letter.
 *
 * What is proven lost, and only that, is written again; what is lost `maxAttempts` times while its neighbours arrive
 * is poison and becomes a dead letter.
 */
import { Effect } from "effect"
import type { Receipt } from "../domain/Batch.ts"
import type { Event } from "../domain/Event.ts"
import * as Log from "../telemetry/log.ts"
import { type Evidence, Verifier } from "../verify/Verifier.ts"
import { InFlight } from "./InFlight.ts"
import { Policies } from "./Policies.ts"
import type { WrittenShipment } from "./Shipment.ts"
import { setAside } from "./setAside.ts"
import { writeAttempt } from "./write.ts"

/** A receipt, with what the commit after it needs. */
export interface Settled extends Receipt {
  readonly shipment: WrittenShipment
}

const lossMessage = (event: Event, attempts: number, evidence: Evidence): string =>
  `${event.type} ${event.id} was written ${attempts} times and never became searchable, while ` +
  `${evidence.laterConfirmed} events written after it did. The manager or the indexer refuses this event: ` +
  "look for it in the manager's ossec.log and the indexer's log, then replay it."

export const confirm = Effect.fnUntraced(function* (shipment: WrittenShipment) {
  const { batch } = shipment
  const verifier = yield* Verifier
  const inFlight = yield* InFlight
  const { maxAttempts } = yield* Policies

  let events = shipment.toWrite
  let { startedAt, writtenAt } = shipment
  let dead = shipment.dead
  let duplicated = shipment.duplicated
  let confirmedAt = shipment.writtenAt
  let attempt = 1
  while (events.length > 0) {
    const verdict = yield* verifier.confirm({
      feed: batch.feed,
      batch: batch.id,
      ids: events.map((event) => event.id),
      attempt,
      startedAt,
      writtenAt,
    })
    duplicated += verdict.duplicated
    if (verdict._tag === "Confirmed") {
      confirmedAt = verdict.confirmedAt
      break
    }
    const missing = new Set(verdict.missing)
    events = events.filter((event) => missing.has(event.id))
    yield* Log.warning("batch.lost", `${events.length} events of ${batch.id} are proven lost`, {
      feed: batch.feed,
      batch: batch.id,
      lost: events.length,
      attempt,
      evidence: verdict.evidence,
    })
    if (attempt >= maxAttempts) {
      for (const event of events)
        yield* setAside(batch.feed, {
          envelope: event.envelope,
          reason: "verification_failed",
          error: lossMessage(event, attempt, verdict.evidence),
          attempts: attempt,
        })
      dead += events.length
      break
    }
    attempt += 1
    const again = yield* writeAttempt({ feed: batch.feed, batch: batch.id, attempt }, events)
    dead += events.length - again.written.length
    events = again.written
    startedAt = again.startedAt
    writtenAt = again.writtenAt
  }

  yield* inFlight.release(shipment.taken)
  yield* Log.debug("batch.confirmed", `${batch.id} is settled`, {
    feed: batch.feed,
    batch: batch.id,
    events: batch.events.length,
    known: shipment.known,
    dead,
    attempts: attempt,
    lag_ms: confirmedAt - writtenAt,
  })
  return {
    batch: batch.id,
    feed: batch.feed,
    written: shipment.toWrite.length,
    known: shipment.known,
    dead,
    duplicated,
    attempts: attempt,
    writtenAt: shipment.writtenAt,
    confirmedAt,
    shipment,
  } satisfies Settled
})
