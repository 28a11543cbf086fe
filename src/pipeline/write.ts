/** Hands a batch's events to the writer, as soon as the bound on unconfirmed events allows. */
import { Clock, Effect } from "effect"
import { type Event, withAttempt } from "../domain/Event.ts"
import * as Log from "../telemetry/log.ts"
import { type EventTooLong, writeHolding } from "../writers/Held.ts"
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
 * Writes events as one attempt of their batch; waits as long as the writer's peer is away. An event that turns out
 * too long for the writer becomes a dead letter; the rest goes on. Succeeds with the events that were written.
 */
export const writeAttempt = Effect.fnUntraced(function* (
  context: WriteContext,
  events: ReadonlyArray<Event>,
) {
  const startedAt = yield* Clock.currentTimeMillis
  const attempt = { ...context, sentAt: new Date(startedAt).toISOString() }
  const written: Array<Event> = []
  let rest = events
  while (rest.length > 0) {
    const refused: EventTooLong | undefined = yield* writeHolding(
      rest.map((event) => withAttempt(event, attempt)),
      { ...context },
    ).pipe(
      Effect.as(undefined),
      Effect.catchTag("EventTooLong", (error) => Effect.succeed(error)),
    )
    if (refused === undefined) {
      written.push(...rest)
      break
    }
    written.push(...rest.slice(0, refused.index))
    const event = rest[refused.index]
    if (event !== undefined)
      yield* setAside(context.feed, {
        envelope: event.envelope,
        reason: "validation_failed",
        error: refused.message,
        attempts: context.attempt,
      })
    rest = rest.slice(refused.index + 1)
  }
  return { written, startedAt, writtenAt: yield* Clock.currentTimeMillis }
})

export const write = Effect.fnUntraced(function* (shipment: Shipment) {
  const { batch } = shipment
  const inFlight = yield* InFlight
  const toWrite = shipment.toWrite.filter(({ id }) => !inFlight.has(id))
  yield* inFlight.take(toWrite)
  const { written, ...times } = yield* writeAttempt(
    { feed: batch.feed, batch: batch.id, attempt: 1 },
    toWrite,
  )
  if (written.length > 0)
    yield* Log.debug("batch.written", `${batch.id} is written`, {
      feed: batch.feed,
      batch: batch.id,
      events: written.length,
      took_ms: times.writtenAt - times.startedAt,
    })
  const dead = shipment.dead + toWrite.length - written.length
  return { ...shipment, toWrite: written, taken: toWrite, dead, ...times } satisfies WrittenShipment
})
