/** The test's clock, of which only the time of day can be set, as an administrator or NTP does it. */
import { Clock, Effect } from "effect"

export const withSettableClock = <A, E, R>(
  steps: (set: (byMillis: number) => void) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    let ahead = 0
    const millis = () => clock.currentTimeMillisUnsafe() + ahead
    const nanos = () => clock.currentTimeNanosUnsafe() + BigInt(ahead) * 1_000_000n
    const settable: Clock.Clock = {
      // With what the test itself uses to let time pass.
      ...clock,
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
    }
    const set = (byMillis: number) => {
      ahead += byMillis
    }
    return yield* Effect.provideService(steps(set), Clock.Clock, settable)
  })
