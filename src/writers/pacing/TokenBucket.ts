/**
 * A rate limit for writing blind: when the manager's statistics can't be had, nothing tells how full its queue is.
 *
 * The rate is halved when a loss is proven and grows by a twentieth of the ceiling with each confirmation, between
 * a floor and a ceiling: it settles near what the manager can do.
 */
import { Clock, Effect, Semaphore } from "effect"

export interface TokenBucketOptions {
  /** Messages a second to begin with. */
  readonly rate: number
  /** The most messages that may go at once after a pause. */
  readonly burst: number
  /** The rate is never halved below this. */
  readonly floor: number
  /** The rate never grows above this. */
  readonly ceiling: number
}

export interface TokenBucket {
  /** Waits until some messages may go; succeeds with how many, 1 to `wanted`. Callers are served in turn. */
  readonly take: (wanted: number) => Effect.Effect<number>
  /** A loss was proven. Succeeds with the new rate. */
  readonly halve: Effect.Effect<number>
  /** A batch was confirmed whole. Succeeds with the new rate. */
  readonly grow: Effect.Effect<number>
  /** Messages a second now. */
  readonly rate: Effect.Effect<number>
}

/** Tokens are given out in portions of this much time, so that a writer isn't woken for each message. */
const PORTION_SECONDS = 0.05
const GROWTH_SHARE = 0.05

/** The tokens after `millis` more of refilling. */
export const refilled = (tokens: number, millis: number, rate: number, burst: number): number =>
  Math.min(burst, tokens + (Math.max(0, millis) * rate) / 1000)

/** @param current asked at each use; a rate that changes while it runs is taken at once, whatever was learnt of the old */
export const makeTokenBucket = Effect.fnUntraced(function* (
  current: () => TokenBucketOptions,
): Effect.fn.Return<TokenBucket> {
  const burst = () => Math.max(1, current().burst)
  const within = (wanted: number) => Math.min(current().ceiling, Math.max(current().floor, wanted))
  const lock = yield* Semaphore.make(1)
  let given = current().rate
  let rate = within(given)
  let tokens = burst()
  let at = yield* Clock.currentTimeMillis

  const refill = Effect.map(Clock.currentTimeMillis, (now) => {
    tokens = refilled(tokens, now - at, rate, burst())
    at = now
    if (given === current().rate) return
    given = current().rate
    rate = within(given)
  })
  const setRate = (next: () => number) =>
    Effect.map(refill, () => {
      rate = within(next())
      return rate
    })

  const take = Effect.fnUntraced(function* (wanted: number) {
    while (true) {
      yield* refill
      const enough = Math.min(wanted, Math.floor(burst()), Math.max(1, Math.floor(rate * PORTION_SECONDS)))
      if (tokens >= enough) {
        const granted = Math.min(wanted, Math.floor(tokens))
        tokens -= granted
        return granted
      }
      yield* Effect.sleep(Math.max(1, Math.ceil(((enough - tokens) / rate) * 1000)))
    }
  })

  return {
    take: (wanted) => lock.withPermit(take(wanted)),
    halve: setRate(() => rate / 2),
    grow: setRate(() => rate + current().ceiling * GROWTH_SHARE),
    rate: Effect.sync(() => rate),
  }
})
