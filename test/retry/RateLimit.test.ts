import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Ref } from "effect"
import { TestClock } from "effect/testing"
import { makeRateLimit } from "../../src/retry/RateLimit.ts"
import { withSettableClock } from "../support/settableClock.ts"

/** Milliseconds after the start at which each of `count` requests could begin. */
const startsOf = Effect.fnUntraced(function* (perMinute: number, count: number) {
  const limit = yield* makeRateLimit(() => perMinute)
  const starts = yield* Ref.make<ReadonlyArray<number>>([])
  const one = Effect.andThen(
    limit.take,
    Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.update(starts, (all) => [...all, now])),
  )
  const fiber = yield* Effect.forkChild(Effect.repeat(one, { times: count - 1 }))
  yield* TestClock.adjust(Duration.hours(1))
  yield* Fiber.join(fiber)
  return yield* Ref.get(starts)
})

describe("RateLimit", () => {
  it.effect("lets a small burst through and then spreads requests evenly", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* startsOf(60, 8), [0, 0, 0, 0, 0, 1000, 2000, 3000])
    }),
  )

  it.effect("holds to very low limits", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* startsOf(1, 3), [0, 60_000, 120_000])
    }),
  )

  it.effect("keeps to a limit that changes, from the next request on", () =>
    Effect.gen(function* () {
      let perMinute = 1
      const limit = yield* makeRateLimit(() => perMinute)
      yield* limit.take
      perMinute = 60
      const fiber = yield* Effect.forkChild(Effect.repeat(limit.take, { times: 9 }))
      yield* TestClock.adjust("64 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      assert.isDefined(fiber.pollUnsafe())
    }),
  )

  it.effect("a clock that is set back makes nobody wait for it", () =>
    withSettableClock((set) =>
      Effect.gen(function* () {
        const limit = yield* makeRateLimit(() => 60)
        yield* limit.take
        set(-3_600_000)
        const fiber = yield* Effect.forkChild(limit.take)
        yield* TestClock.adjust("1 second")
        assert.isDefined(fiber.pollUnsafe())
      }),
    ),
  )

  it.effect("a pause holds back every request, and is followed by no burst", () =>
    Effect.gen(function* () {
      const limit = yield* makeRateLimit(() => 60)
      yield* limit.pause(30_000)
      const starts = yield* Ref.make<ReadonlyArray<number>>([])
      const one = Effect.andThen(
        limit.take,
        Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.update(starts, (all) => [...all, now])),
      )
      const fiber = yield* Effect.forkChild(Effect.all([one, one, one], { concurrency: "unbounded" }))
      yield* TestClock.adjust(Duration.minutes(2))
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* Ref.get(starts), [30_000, 31_000, 32_000])
    }),
  )
})
