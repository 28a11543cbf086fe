/**
 * Writing that outlasts an outage: a manager that is away for hours is no failure of an event.
 *
 * `writeHolding` goes on from where the writer stopped, at a growing but capped interval, for ever. It says so once
 * at the start, then each minute, and once when the writer is back; not at every try.
 */
import { Clock, Data, Duration, Effect } from "effect"
import * as Log from "../telemetry/log.ts"
import { Writer, type WriterError } from "./Writer.ts"

/** One event can never be written: it is longer than the writer's `maxBytes`. All before it have been taken. */
export class EventTooLong extends Data.TaggedError("EventTooLong")<{
  /** Its place in what was to be written; the caller goes on behind it. */
  readonly index: number
  /** How long it is and how long it may be. */
  readonly message: string
}> {}

export interface HoldingOptions {
  /** The longest wait between two tries; 5 seconds unless told otherwise. */
  readonly maxDelay?: Duration.Input
}

const FIRST_DELAY_MILLIS = 250
const SAY_AGAIN_MILLIS = 60_000

/** The wait before the next try: doubled each time, and short again as soon as anything was taken. */
export const nextDelay = (previous: number | undefined, progressed: boolean, cap: number): number =>
  Math.min(cap, previous === undefined || progressed ? FIRST_DELAY_MILLIS : previous * 2)

interface Hold {
  readonly since: number
  readonly saidAt: number
  readonly delay: number
}

/**
 * Writes all of `events`, in order, however long the writer's peer stays away. `context` (feed, batch, attempt)
 * goes into the log lines. Fails with nothing but `EventTooLong`, which is a matter of that one event.
 */
export const writeHolding = Effect.fnUntraced(function* (
  events: ReadonlyArray<string>,
  context: Log.LogFields,
  options: HoldingOptions = {},
) {
  const writer = yield* Writer
  const cap = Duration.toMillis(Duration.fromInputUnsafe(options.maxDelay ?? "5 seconds"))

  const holding = Effect.fnUntraced(function* (
    error: WriterError,
    taken: number,
    before: Hold | undefined,
  ): Effect.fn.Return<Hold> {
    const now = yield* Clock.currentTimeMillis
    const since = before?.since ?? now
    const due = before === undefined || now - before.saidAt >= SAY_AGAIN_MILLIS
    if (due) {
      yield* Log.warning("writer.holding", error.message, {
        ...context,
        writer: writer.kind,
        reason: error.reason,
        since: new Date(since).toISOString(),
        waiting: events.length - taken,
      })
    }
    const delay = nextDelay(before?.delay, error.handedOver > 0, cap)
    yield* Effect.sleep(delay)
    return { since, saidAt: due ? now : (before?.saidAt ?? now), delay }
  })

  let taken = 0
  let hold: Hold | undefined
  while (true) {
    const rest = taken === 0 ? events : events.slice(taken)
    const error = yield* writer.write(rest).pipe(
      Effect.as(undefined),
      Effect.catchTag("WriterError", (failure) => Effect.succeed(failure)),
    )
    taken = error === undefined ? events.length : taken + error.handedOver
    // An event that is refused for its length was reached, so the peer is back.
    if (hold !== undefined && (error === undefined || error.reason === "too-long")) {
      const heldMillis = (yield* Clock.currentTimeMillis) - hold.since
      yield* Log.info("writer.resumed", "The writer takes events again", {
        ...context,
        writer: writer.kind,
        held_seconds: Math.round(heldMillis / 1000),
      })
    }
    if (error === undefined) return
    if (error.reason === "too-long") return yield* new EventTooLong({ index: taken, message: error.message })
    hold = yield* holding(error, taken, hold)
  }
})
