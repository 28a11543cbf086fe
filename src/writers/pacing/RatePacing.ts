/**
 * Pacing by nothing but evidence: a token bucket that is halved on a proven loss and grows with each batch confirmed.
 *
 * For writers that don't hand events to the manager's queue themselves, so that its usage says nothing about what they
 * have on the way to it.
 */
import { Context, Effect, Layer } from "effect"
import { Pacing } from "../Pacing.ts"
import { PacingEvidence } from "./StatsPacing.ts"
import { makeTokenBucket } from "./TokenBucket.ts"

export interface RatePacingOptions {
  /** To begin with and at most. */
  readonly eventsPerSecond: number
  /** The most at once after a pause. */
  readonly burst: number
}

/** The rate never falls below this part of `eventsPerSecond`. */
export const FLOOR_SHARE = 0.05

/** @param current asked at each use: they may change while it runs */
export const ratePacingLayer = (current: () => RatePacingOptions): Layer.Layer<Pacing | PacingEvidence> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const bucket = yield* makeTokenBucket(() => {
        const { burst, eventsPerSecond } = current()
        return {
          rate: eventsPerSecond,
          burst,
          floor: Math.max(1, eventsPerSecond * FLOOR_SHARE),
          ceiling: eventsPerSecond,
        }
      })
      const pacing = Pacing.of({ permits: bucket.take, queueUsage: Effect.undefined })
      const evidence = PacingEvidence.of({
        lost: Effect.asVoid(bucket.halve),
        confirmed: Effect.asVoid(bucket.grow),
        blindRate: bucket.rate,
      })
      return Context.make(Pacing, pacing).pipe(Context.add(PacingEvidence, evidence))
    }),
  )
