import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makeTokenBucket, refilled } from "../../../src/writers/pacing/TokenBucket.ts"

const options = { rate: 1000, burst: 200, floor: 100, ceiling: 1000 }

describe("token bucket", () => {
  it.effect("gives the burst at once and then the rate", () =>
    Effect.gen(function* () {
      const bucket = yield* makeTokenBucket(() => options)
      let taken = yield* bucket.take(10_000)
      assert.strictEqual(taken, 200)
      const startedAt = yield* Clock.currentTimeMillis
      const fiber = yield* Effect.forkChild(
        Effect.gen(function* () {
          while (true) taken += yield* bucket.take(10_000)
        }),
      )
      yield* Effect.repeat(TestClock.adjust("10 millis"), { times: 999 })
      assert.strictEqual((yield* Clock.currentTimeMillis) - startedAt, 10_000)
      yield* Fiber.interrupt(fiber)
      assert.isAtMost(taken, 200 + 10_000)
      assert.isAtLeast(taken, 200 + 9900)
    }),
  )

  it.effect("never gives more than is wanted, and a single token needs no more than its own time", () =>
    Effect.gen(function* () {
      const bucket = yield* makeTokenBucket(() => ({ ...options, burst: 1 }))
      assert.strictEqual(yield* bucket.take(1), 1)
      const fiber = yield* Effect.forkChild(bucket.take(1))
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(fiber), 1)
    }),
  )

  it.effect("halves down to its floor and grows up to its ceiling", () =>
    Effect.gen(function* () {
      const bucket = yield* makeTokenBucket(() => options)
      const halved: Array<number> = []
      for (let turn = 0; turn < 5; turn++) halved.push(yield* bucket.halve)
      assert.deepStrictEqual(halved, [500, 250, 125, 100, 100])
      assert.strictEqual(yield* bucket.grow, 150)
      for (let turn = 0; turn < 50; turn++) yield* bucket.grow
      assert.strictEqual(yield* bucket.rate, 1000)
    }),
  )

  it.effect("takes a rate that changes at once, and then holds to its own bounds", () =>
    Effect.gen(function* () {
      let now = options
      const bucket = yield* makeTokenBucket(() => now)
      yield* bucket.take(200)
      now = { rate: 20, burst: 10, floor: 1, ceiling: 20 }
      const fiber = yield* Effect.forkChild(bucket.take(10))
      yield* TestClock.adjust("40 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("10 millis")
      assert.strictEqual(yield* Fiber.join(fiber), 1)
      assert.strictEqual(yield* bucket.grow, 20)
      now = options
      yield* Effect.ignore(bucket.halve)
      assert.strictEqual(yield* bucket.rate, 500)
    }),
  )

  it("refills by time, up to the burst, and never backwards", () => {
    assert.deepStrictEqual(
      [refilled(0, 100, 1000, 200), refilled(150, 100, 1000, 200), refilled(5, -100, 1000, 200)],
      [100, 200, 5],
    )
  })
})
