/** Hands a batch's events to the writer, as soon as the bound on unconfirmed events allows. */
import { Clock, Effect } from "effect"
import { type Event, withAttempt } from "../domain/Event.ts"
import { Receipts } from "../receipts/Receipts.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { count } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import { span } from "../telemetry/tracing.ts"
import { writeHolding } from "../writers/Held.ts"
import { InFlight } from "./InFlight.ts"
import type { Shipment, WrittenShipment } from "./Shipment.ts"
import { setAside } from "./setAside.ts"

/** What names a write in the log and in the events' `waybill` block. */
export interface WriteContext {
  readonly feed: string
  readonly batch: string
  readonly attempt: number
}

/**
 * Writes events as one attempt of their batch; waits as long as the writer's peer is away. An event that can never be
 * written becomes a dead letter; the rest goes on. Succeeds with the events that were written.
 */
export const writeAttempt = Effect.fnUntraced(function* (
  context: WriteContext,
  events: ReadonlyArray<Event>,
) {
  const startedAt = yield* Clock.currentTimeMillis
  const attempt = { ...context, sentAt: new Date(startedAt).toISOString() }
  const unwritable = yield* writeHolding(
    events.map((event) => withAttempt(event, attempt)),
    { ...context },
  ).pipe(span("write", () => ({ ...context, events: events.length })))
  const writtenAt = yield* Clock.currentTimeMillis
  yield* (yield* Receipts).written(context, writtenAt)
  for (const { index, reason, message } of unwritable) {
    const event = events[index]
    if (event !== undefined)
      yield* setAside(context.feed, {
        envelope: event.envelope,
        reason: reason === "rejected" ? "storage_failed" : "validation_failed",
        error: message,
        attempts: context.attempt,
      })
  }
  const refused = new Set(unwritable.map(({ index }) => index))
  const written = refused.size === 0 ? events : events.filter((_, index) => !refused.has(index))
  return { written, startedAt, writtenAt }
})

/** Counted by itself and not from what came back, so that the ledger shows an event that was lost on the way. */
const distinct = (events: ReadonlyArray<Event>): number => new Set(events.map(({ id }) => id)).size

export const write = Effect.fnUntraced(function* (shipment: Shipment) {
  const { batch } = shipment
  const toWrite = yield* (yield* InFlight).take(shipment.toWrite)
  yield* (yield* RunStatus).written(batch.feed, toWrite.length)
  yield* (yield* Receipts).begun(batch, toWrite, shipment.known)
  const { written, ...times } = yield* writeAttempt(
    { feed: batch.feed, batch: batch.id, attempt: 1 },
    toWrite,
  )
  yield* count(METRICS.events, { feed: batch.feed, stage: "written" }, written.length)
  if (written.length > 0)
    yield* Log.debug("batch.written", `${batch.id} is written`, {
      feed: batch.feed,
      batch: batch.id,
      events: written.length,
      took_ms: times.writtenAt - times.startedAt,
    })
  const dead = shipment.dead + toWrite.length - written.length
  const repeated = shipment.repeated + shipment.toWrite.length - distinct(shipment.toWrite)
  return { ...shipment, toWrite: written, taken: toWrite, dead, repeated, ...times } satisfies WrittenShipment
})
