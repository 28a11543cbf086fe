/** A client's own limit on its requests to one peer, whoever makes them. */
import { Duration, Effect, Ref } from "effect"
import { monotonicMillis } from "../domain/monotonicTime.ts"

export interface RateLimit {
  /** Waits until a request may start. First come, first served. */
  readonly take: Effect.Effect<void>
  /** Lets no request start for so long: the peer has asked for it, and it asked everybody. */
  readonly pause: (millis: number) => Effect.Effect<void>
}

/** Requests that may start at once after an idle time, within the limit. */
const BURST = 5

/**
 * Spreads requests evenly. Only one number is kept: when the next request would be due if all before it had kept their
 * distance; a request may run ahead of that by the burst.
 *
 * @param requestsPerMinute asked at each request: it may change while Waybill runs
 */
export const makeRateLimit = Effect.fnUntraced(function* (requestsPerMinute: () => number) {
  const distance = () => 60_000 / requestsPerMinute()
  const ahead = () => (Math.max(1, Math.min(BURST, requestsPerMinute())) - 1) * distance()
  const due = yield* Ref.make(Number.NEGATIVE_INFINITY)
  const limit: RateLimit = {
    take: Effect.gen(function* () {
      const now = yield* monotonicMillis
      const wait = yield* Ref.modify(due, (at) => [at - ahead() - now, Math.max(at, now) + distance()])
      if (wait > 0) yield* Effect.sleep(Duration.millis(wait))
    }),
    pause: Effect.fnUntraced(function* (millis) {
      const now = yield* monotonicMillis
      yield* Ref.update(due, (at) => Math.max(at, now + millis + ahead()))
    }),
  }
  return limit
})
