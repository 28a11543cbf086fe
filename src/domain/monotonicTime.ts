/**
 * For how long something takes, and until when to wait: not the time of day, which somebody may set back, so that a
 * wait of a second would last as long as the clock was wrong.
 */
import { Clock, Effect } from "effect"

/** Milliseconds since some moment that means nothing. */
export const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))
