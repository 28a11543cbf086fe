/** The retry vocabulary as a Schedule, for `Effect.retry`. */
import { Cause, Duration, Effect, Random, Schedule } from "effect"
import { decide, type RequestFailure, type RetrySettings } from "./decide.ts"
import { LongestWait } from "./LongestWait.ts"

/** One retry that is about to be waited for. */
export interface Retry<E> {
  readonly error: E
  /** 1 for the first retry. */
  readonly retry: number
  readonly delayMillis: number
}

export interface RetryOptions<E> {
  readonly settings: RetrySettings
  /** What the error means for retrying. */
  readonly failureOf: (error: E) => RequestFailure
  /** Runs before each wait, e.g. to log it. */
  readonly onRetry?: (retry: Retry<E>) => Effect.Effect<void>
}

/**
 * Retries as `decide` says and ends where it says to give up or to hold; `Effect.retry` then fails with the last error,
 * in which the caller sees which of the two it was.
 *
 * All state is per use: one schedule serves any number of requests.
 */
export const retrySchedule = <E>(options: RetryOptions<E>): Schedule.Schedule<number, E> =>
  Schedule.fromStep<E, number, never, never, Cause.Done<number>, never>(
    Effect.sync(() => {
      let attempt = 0
      return Effect.fnUntraced(function* (nowMillis: number, error: E) {
        attempt += 1
        const random = options.settings.jitter ? yield* Random.next : 0
        const decision = decide(options.failureOf(error), { attempt, nowMillis, random }, options.settings)
        if (decision._tag !== "RetryAfter") return yield* Cause.done(attempt)
        if (options.onRetry !== undefined) {
          yield* options.onRetry({ error, retry: attempt, delayMillis: decision.millis })
        }
        const next: [number, Duration.Duration] = [attempt, Duration.millis(decision.millis)]
        return next
      })
    }),
  )

/** For what must not fail: tries again for ever, after 1 s, doubling up to `LongestWait`. */
export const holding = Effect.map(LongestWait, (longest) =>
  Schedule.min([Schedule.exponential("1 second"), Schedule.spaced(longest)]),
)
