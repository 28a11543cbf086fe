/**
 * Waits until every event of a written batch is settled: returned by a search, or a dead letter.
 *
 * What is proven lost, and only that, is written again. An event that is lost `maxAttempts` times while others written
 * with it arrive is poison and becomes a dead letter. Where everything was lost the chain is at fault and not the
 * events: those attempts do not count, however many there are.
 */
import { Clock, Duration, Effect, Option } from "effect"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { Receipt } from "../domain/Batch.ts"
import type { Checkpoint, Position } from "../domain/Checkpoint.ts"
import type { Event } from "../domain/Event.ts"
import type { Ledger } from "../domain/Ledger.ts"
import { Receipts } from "../receipts/Receipts.ts"
import { LongestWait } from "../retry/LongestWait.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { count, observe } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import { countsAgainstEvents } from "../verify/loss.ts"
import { type Evidence, Verifier } from "../verify/Verifier.ts"
import { PacingEvidence } from "../writers/pacing/StatsPacing.ts"
import { InFlight } from "./InFlight.ts"
import { Policies } from "./Policies.ts"
import type { WrittenShipment } from "./Shipment.ts"
import { setAside } from "./setAside.ts"
import { writeAttempt } from "./write.ts"

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

const lossMessage = (event: Event, attempts: number, evidence: Evidence): string =>
  `${event.type} ${event.id} was written ${attempts} times and never became searchable. Of what was written just ` +
  `with it the last time, ${evidence.neighbours} events did; and ${evidence.laterConfirmed} written after it were ` +
  `searchable on all ${evidence.shards} shards of ${evidence.index} at ${new Date(evidence.since).toISOString()}. ` +
  "The manager or the indexer refuses this event: look for it in the manager's ossec.log and the indexer's log, " +
  "then replay it."

const idsWithout = (all: ReadonlyArray<Event>, some: ReadonlyArray<Event>): Array<string> => {
  if (all.length === some.length) return []
  const left = new Set(some.map(({ id }) => id))
  return all.flatMap(({ id }) => (left.has(id) ? [] : [id]))
}

/** How many batches may be settled behind one that is held; of each only what its feed counts is kept. */
export const MOST_BATCHES_AHEAD = 1024

/** Grows with each loss of everything, so that a chain that swallows all is not flooded meanwhile. */
const pauseAfterLossOfAll = (times: number, longestWait: Duration.Duration): Duration.Duration =>
  times <= 1 ? Duration.zero : Duration.min(longestWait, Duration.seconds(2 ** Math.min(times, 16)))

export const confirm = Effect.fnUntraced(function* (shipment: WrittenShipment) {
  const { batch } = shipment
  const { feed } = batch
  const verifier = yield* Verifier
  const inFlight = yield* InFlight
  const letters = yield* DeadLetters
  const { maxAttempts } = yield* Policies
  const longestWait = yield* LongestWait
  // Only a writer that can be paced has it.
  const pacing = yield* Effect.serviceOption(PacingEvidence)

  let events = shipment.toWrite
  let { startedAt, writtenAt } = shipment
  let dead = shipment.dead
  let duplicated = shipment.duplicated
  let confirmedAt: number | undefined
  let index: string | undefined
  let attempt = 1
  /** Events of it that became dead letters once they were handed to the writer. */
  const deadIds = idsWithout(shipment.taken, events)
  /** Attempts that say something about the events that are still missing. */
  let counted = 0
  let lostWhole = 0
  while (events.length > 0) {
    const verdict = yield* verifier.confirm({
      feed,
      batch: batch.id,
      ids: events.map((event) => event.id),
      attempt,
      startedAt,
      writtenAt,
    })
    duplicated += verdict.duplicated
    yield* count(METRICS.duplicates, { feed }, verdict.duplicated)
    if (verdict._tag === "Confirmed") {
      confirmedAt = verdict.confirmedAt
      // What was written again may lie in another one.
      index = attempt === 1 ? verdict.index : undefined
      // Equal where nobody searched, see verify.mode: that tells of no lag.
      if (verdict.confirmedAt > writtenAt)
        yield* observe(METRICS.indexLag, { feed }, (verdict.confirmedAt - writtenAt) / 1000)
      if (Option.isSome(pacing)) yield* pacing.value.confirmed
      break
    }
    if (Option.isSome(pacing)) yield* pacing.value.lost
    const missing = new Set(verdict.missing)
    events = events.filter((event) => missing.has(event.id))
    yield* count(METRICS.eventsLost, { feed }, events.length)
    const { neighbours } = verdict.evidence
    const confirmed = shipment.toWrite.length - events.length
    if (countsAgainstEvents({ events: shipment.toWrite.length, confirmed, neighbours })) counted += 1
    else lostWhole += 1
    yield* Log.warning("batch.lost", `${events.length} events of ${batch.id} are proven lost`, {
      feed,
      batch: batch.id,
      lost: events.length,
      attempt,
      counted,
      evidence: verdict.evidence,
    })
    if (counted >= maxAttempts()) {
      for (const event of events)
        yield* setAside(feed, {
          envelope: event.envelope,
          reason: "verification_failed",
          error: lossMessage(event, attempt, verdict.evidence),
          attempts: attempt,
        })
      dead += events.length
      deadIds.push(...idsWithout(events, []))
      break
    }
    yield* Effect.sleep(pauseAfterLossOfAll(lostWhole, longestWait))
    attempt += 1
    const again = yield* writeAttempt({ feed, batch: batch.id, attempt }, events)
    yield* count(METRICS.eventsReinjected, { feed }, again.written.length)
    dead += events.length - again.written.length
    deadIds.push(...idsWithout(events, again.written))
    events = again.written
    startedAt = again.startedAt
    writtenAt = again.writtenAt
  }

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
