/**
 * Waybill's own state, written into Wazuh like any event, so that Wazuh alerts on it.
 *
 * The contract: `emit` never waits and never fails. What it is told waits in a bounded queue; a status event is lost
 * only with a warning in the log (`status.dropped`). They are not confirmed: they tell of a chain that may be broken.
 *
 * A folder of its own beside `telemetry`: the log is used by every part, and must not depend on the writers.
 */
import { Clock, Context, Effect, Layer, Queue, Ref } from "effect"
import { LongestWait } from "../retry/LongestWait.ts"
import * as Log from "../telemetry/log.ts"
import { Writer } from "../writers/Writer.ts"
import { type StatusEvent, type StatusFields, type StatusKind, statusJson } from "./statusJson.ts"

/** Status events that may wait for the writer. */
const QUEUED = 100

export class StatusEvents extends Context.Service<
  StatusEvents,
  {
    /** `message`: what happened and what to do, for the person who reads the alert. */
    readonly emit: (kind: StatusKind, message: string, fields?: StatusFields) => Effect.Effect<void>
    /** Lost in this run, because the writer was away. */
    readonly dropped: Effect.Effect<number>
    /** Writes what is emitted. Never ends; whoever provides the service runs it beside the work. */
    readonly deliver: Effect.Effect<never>
  }
>()("waybill/status/StatusEvents") {
  static readonly layer: Layer.Layer<StatusEvents, never, Writer> = Layer.effect(
    StatusEvents,
    Effect.suspend(() => make()),
  )
}

const make = Effect.fnUntraced(function* () {
  const writer = yield* Writer
  const queue = yield* Queue.dropping<StatusEvent>(QUEUED)
  const dropped = yield* Ref.make(0)

  const drop = Effect.fnUntraced(function* (event: StatusEvent, why: string) {
    const inAll = yield* Ref.updateAndGet(dropped, (n) => n + 1)
    yield* Log.warning("status.dropped", `A status event could not be written into Wazuh: ${why}`, {
      kind: event.kind,
      status: event.message,
      dropped: inAll,
    })
  })

  const emit = Effect.fnUntraced(function* (kind: StatusKind, message: string, fields: StatusFields = {}) {
    const event = { kind, message, fields, at: yield* Clock.currentTimeMillis }
    if (!(yield* Queue.offer(queue, event)))
      yield* drop(event, `${QUEUED} others wait for the writer already.`)
  })

  /** A heartbeat is worth nothing later on; everything else waits for the writer to come back. */
  const write = (event: StatusEvent): Effect.Effect<void> =>
    Clock.currentTimeMillis.pipe(
      Effect.flatMap((now) => writer.write([statusJson(event, now)])),
      Effect.catchTag("WriterError", (error) =>
        event.kind === "heartbeat" || error.reason === "too-long" || error.reason === "rejected"
          ? drop(event, error.message)
          : Effect.andThen(
              Effect.flatMap(LongestWait, Effect.sleep),
              Effect.suspend(() => write(event)),
            ),
      ),
    )

  return StatusEvents.of({
    emit,
    dropped: Ref.get(dropped),
    deliver: Effect.forever(Effect.flatMap(Queue.take(queue), write)),
  })
})
