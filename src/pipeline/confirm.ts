/**
 * Waits until every event of a written batch is settled: returned by a search, or a dead letter.
 *
 * What is proven lost, and only that, is written again. An event that is lost `maxAttempts` times while others written
 * with it arrive is poison and becomes a dead letter. Where everything was lost the chain is at fault and not the
 * events: those attempts do not count, however many there are.
 */
import { Clock, Effect, type Option } from "effect"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { Receipt } from "../domain/Batch.ts"
import type { Checkpoint, Position } from "../domain/Checkpoint.ts"
import type { Event } from "../domain/Event.ts"
import type { Ledger } from "../domain/Ledger.ts"
import { Receipts } from "../receipts/Receipts.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { count } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import { InFlight } from "./InFlight.ts"
import type { WrittenShipment } from "./Shipment.ts"
import { idsWithout, type Outcome, settle } from "./settle.ts"

/**
 * A receipt, with what the commit after it needs, and nothing more: behind a batch that is held any number of others
 * may be settled, so none of them may keep its events.
 */
export interface Settled extends Receipt {
  readonly position: Option.Option<Position>
  /** The newest event of it that the index holds. */
  readonly newest: Checkpoint["newest"]
  /** What became of its records. */
  readonly ledger: Omit<Ledger, "fetched">
  readonly fetchedUpTo: number | undefined
}

const newestOf = (events: ReadonlyArray<Event>, isDead: (id: string) => boolean): Checkpoint["newest"] => {
  let newest: Checkpoint["newest"] = null
  for (const { id, timeMillis } of events)
    if (!isDead(id) && (newest === null || timeMillis >= newest.time)) newest = { id, time: timeMillis }
  return newest
}

/** How many batches may be settled behind one that is held; of each only what its feed counts is kept. */
export const MOST_BATCHES_AHEAD = 1024

export const confirm = Effect.fnUntraced(function* (shipment: WrittenShipment) {
  const { batch } = shipment
  const { feed } = batch
  const inFlight = yield* InFlight
  const letters = yield* DeadLetters

  const outcome: Outcome = {
    dead: shipment.dead,
    duplicated: shipment.duplicated,
    confirmedAt: undefined,
    confirmedWrite: shipment.writtenAt,
    index: undefined,
    attempts: 1,
    /** Events of it that became dead letters once they were handed to the writer. */
    deadIds: idsWithout(shipment.taken, shipment.toWrite),
  }
  yield* settle(
    shipment,
    {
      ...{ events: shipment.toWrite, of: shipment.toWrite.length },
      ...{ attempt: 1, startedAt: shipment.startedAt, writtenAt: shipment.writtenAt },
      ...{ counted: 0, lostWhole: 0, isSplit: false, scouts: 0, lost: undefined },
    },
    outcome,
  )
  const {
    confirmedAt,
    confirmedWrite: writtenAt,
    dead,
    deadIds,
    duplicated,
    index,
    attempts: attempt,
  } = outcome

  yield* inFlight.release(shipment.taken)
  const { filtered, known, repeated } = shipment
  const confirmed = shipment.toWrite.length - (dead - shipment.dead)
  const ledger = { written: confirmed, known, repeated, filtered, dead }
  // Without a verdict that confirms, what was left of it became dead letters just now.
  const settledAt = confirmedAt ?? (yield* Clock.currentTimeMillis)
  yield* (yield* RunStatus).settled(feed, {
    taken: shipment.taken.length,
    ledger,
    lagMillis: confirmedAt !== undefined && confirmedAt > writtenAt ? confirmedAt - writtenAt : undefined,
  })
  yield* count(METRICS.events, { feed, stage: "confirmed" }, confirmed)
  yield* count(METRICS.events, { feed, stage: "repeated" }, repeated)
  yield* count(METRICS.events, { feed, stage: "filtered" }, filtered)
  yield* count(METRICS.batchesConfirmed, { feed })
  yield* Log.debug("batch.confirmed", `${batch.id} is settled`, {
    feed,
    batch: batch.id,
    events: batch.events.length,
    known: shipment.known,
    dead,
    attempts: attempt,
    lag_ms: settledAt - writtenAt,
  })
  const settled = {
    batch: batch.id,
    feed,
    written: shipment.toWrite.length,
    known: shipment.known,
    dead,
    duplicated,
    attempts: attempt,
    writtenAt: shipment.writtenAt,
    confirmedAt: settledAt,
    index,
    position: batch.position,
    newest: newestOf(batch.events, letters.has),
    ledger,
    fetchedUpTo: shipment.fetchedUpTo,
  } satisfies Settled
  yield* (yield* Receipts).settled(settled, deadIds)
  return settled
})
