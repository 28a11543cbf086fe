/**
 * A decode queue as a model in the time of the test's clock: what is offered is counted a random while later, is
 * worked off at a steady rate, and every answer about it takes a random while, too.
 */
import { Clock, Effect } from "effect"
import { seededRandom } from "../../../src/demo/seededRandom.ts"
import type { ReadManagerStats } from "../../../src/writers/pacing/ManagerStats.ts"

export interface ModelQueueOptions {
  /** Events that are worked off in a second. */
  readonly rate: number
  readonly size: number
  /** Milliseconds on the way in, at most. */
  readonly transit: number
  /** Milliseconds that an answer takes each way, at most. */
  readonly latency: number
  readonly seed: number
  readonly startedAt: number
}

export const makeModelQueue = (options: ModelQueueOptions) => {
  const random = seededRandom(options.seed)
  let underway: ReadonlyArray<{ readonly at: number; readonly count: number }> = []
  let at = options.startedAt
  let level = 0
  let peak = 0
  let served = 0

  const drain = (until: number) => {
    const worked = Math.min(level, ((until - at) * options.rate) / 1000)
    level -= worked
    served += worked
    at = until
  }
  const advance = (now: number) => {
    for (const arrival of underway.filter((one) => one.at <= now).sort((a, b) => a.at - b.at)) {
      drain(arrival.at)
      level += arrival.count
      peak = Math.max(peak, level)
    }
    underway = underway.filter((one) => one.at > now)
    drain(now)
  }
  const wait = Effect.suspend(() => Effect.sleep(random.below(options.latency + 1)))
  const read: ReadManagerStats = Effect.gen(function* () {
    yield* wait
    advance(yield* Clock.currentTimeMillis)
    const usage = level / options.size
    yield* wait
    return { size: options.size, usage, dropped: 0, startedAt: 1 }
  })
  return {
    read,
    advance,
    offer: (count: number, now: number) => {
      underway = [...underway, { at: now + random.below(options.transit + 1), count }]
    },
    peak: () => peak,
    served: () => served,
  }
}
