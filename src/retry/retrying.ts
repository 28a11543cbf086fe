/** Makes a request again where that may help, and counts how it went. */
import { Cause, Effect, Exit } from "effect"
import { count } from "../telemetry/metric.ts"
import { METRICS, type Peer } from "../telemetry/metrics.ts"
import { type RetryOptions, retrySchedule } from "./schedule.ts"

export interface RetryingOptions<E> extends RetryOptions<E> {
  /** Whom the request is made to. */
  readonly peer: Peer
}

/**
 * Retries as `decide` says, and fails with the last error where it says to give up or to hold. Each try counts once, and
 * the request once by its outcome; one that is interrupted has none.
 */
export const retrying =
  <E>({ onRetry, peer, ...options }: RetryingOptions<E>) =>
  <A, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      let retries = 0
      const schedule = retrySchedule<E>({
        ...options,
        onRetry: (retry) => {
          retries = retry.retry
          const counted = count(METRICS.requestRetries, { peer })
          return onRetry === undefined ? counted : Effect.andThen(counted, onRetry(retry))
        },
      })
      return Effect.retry(request, schedule).pipe(
        Effect.onExit((exit) => {
          if (Exit.isSuccess(exit))
            return count(METRICS.requests, { peer, outcome: retries === 0 ? "first_attempt" : "retried" })
          return Cause.hasInterruptsOnly(exit.cause)
            ? Effect.void
            : count(METRICS.requests, { peer, outcome: "failed" })
        }),
      )
    })
