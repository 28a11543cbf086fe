/** Hands a batch's events to the writer, as soon as the bound on unconfirmed events allows. */
import { Clock, Effect } from "effect"
import { type Event, withAttempt } from "../domain/Event.ts"
import { writeHolding } from "../writers/Held.ts"
import { InFlight } from "./InFlight.ts"
import type { Shipment, WrittenShipment } from "./Shipment.ts"

/** Writes events as one attempt of their batch; waits as long as the writer's peer is away. */
export const writeAttempt = Effect.fnUntraced(function* (
  context: { readonly feed: string; readonly batch: string; readonly attempt: number },
  events: ReadonlyArray<Event>,
) {
  const startedAt = yield* Clock.currentTimeMillis
  const sentAt = new Date(startedAt).toISOString()
  yield* writeHolding(
    events.map((event) => withAttempt(event, { ...context, sentAt })),
    context,
  )
  return { startedAt, writtenAt: yield* Clock.currentTimeMillis }
})

export const write = Effect.fnUntraced(function* (shipment: Shipment) {
  const { batch, toWrite } = shipment
  const inFlight = yield* InFlight
  yield* inFlight.take(toWrite.length)
  const times = yield* writeAttempt({ feed: batch.feed, batch: batch.id, attempt: 1 }, toWrite)
  return { ...shipment, ...times } satisfies WrittenShipment
})
