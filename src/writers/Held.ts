/**
 * Writing that outlasts an outage: a manager that is away for hours is no failure of an event.
 *
 * `writeHolding` goes on with what the writer left, at an interval that grows up to `LongestWait`, for ever. It says so
 * once at the start, then each minute, and once when the writer is back; not at every try.
 */
import { Clock, Duration, Effect } from "effect"
import { LongestWait } from "../retry/LongestWait.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { Writer, type WriterError } from "./Writer.ts"

/** One event that can never be written. */
export interface Unwritable {
  /** Its place in what was to be written. */
  readonly index: number
  /** `too-long`: for the writer's `maxBytes`; `rejected`: by the writer's peer. */
  readonly reason: "too-long" | "rejected"
  /** What is wrong with it. */
  readonly message: string
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

/** What is still to be written after an error, out of the places that were. */
const stillLeft = (places: ReadonlyArray<number>, error: WriterError): ReadonlyArray<number> =>
  error.left === undefined
    ? places.slice(error.handedOver)
    : error.left.flatMap((n): ReadonlyArray<number> => {
        const place = places[n]
        return place === undefined ? [] : [place]
      })

/**
 * Writes all of `events`, in order, however long the writer's peer stays away. `context` (feed, batch, attempt)
 * goes into the log lines. Succeeds with those events that can never be written; all others have been taken.
 */
export const writeHolding = Effect.fnUntraced(function* (
  events: ReadonlyArray<string>,
  context: Log.LogFields,
) {
  const writer = yield* Writer
  const status = yield* RunStatus
  const cap = Duration.toMillis(yield* LongestWait)

  const holding = Effect.fnUntraced(function* (
    error: WriterError,
    waiting: number,
    before: Hold | undefined,
  ): Effect.fn.Return<Hold> {
    const now = yield* Clock.currentTimeMillis
    const since = before?.since ?? now
    yield* status.held("writer", error.message)
    const due = before === undefined || now - before.saidAt >= SAY_AGAIN_MILLIS
    if (due) {
      yield* Log.warning("writer.holding", error.message, {
        ...context,
        writer: writer.kind,
        reason: error.reason,
        since: new Date(since).toISOString(),
        waiting,
      })
    }
    const delay = nextDelay(before?.delay, error.handedOver > 0, cap)
    yield* Effect.sleep(delay)
    return { since, saidAt: due ? now : (before?.saidAt ?? now), delay }
  })

  /** The peer is back. */
  const resumed = Effect.fnUntraced(function* (hold: Hold) {
    yield* status.released("writer")
    const heldMillis = (yield* Clock.currentTimeMillis) - hold.since
    yield* Log.info("writer.resumed", "The writer takes events again", {
      ...context,
      writer: writer.kind,
      held_seconds: Math.round(heldMillis / 1000),
    })
  })

  const unwritable: Array<Unwritable> = []
  let places: ReadonlyArray<number> = events.map((_, index) => index)
  let hold: Hold | undefined
  while (places.length > 0) {
    const rest = places.length === events.length ? events : places.map((place) => events[place] ?? "")
    const error = yield* writer.write(rest).pipe(
      Effect.as(undefined),
      Effect.catchTag("WriterError", (failure) => Effect.succeed(failure)),
    )
    const isOver = error === undefined
    // An event that is refused for what it is was reached, so the peer is back.
    if (hold !== undefined && (isOver || error.reason === "too-long" || error.reason === "rejected")) {
      yield* resumed(hold)
      hold = undefined
    }
    if (isOver) break
    places = stillLeft(places, error)
    if (error.reason === "too-long" || error.reason === "rejected") {
      const [index, ...others] = places
      if (index !== undefined) unwritable.push({ index, reason: error.reason, message: error.message })
      places = others
    } else if (places.length > 0) hold = yield* holding(error, places.length, hold)
  }
  return unwritable
})
