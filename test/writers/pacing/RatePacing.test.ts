import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pacing } from "../../../src/writers/Pacing.ts"
import { ratePacingLayer } from "../../../src/writers/pacing/RatePacing.ts"
import { PacingEvidence } from "../../../src/writers/pacing/StatsPacing.ts"

describe("pacing by evidence alone", () => {
  it.effect("gives a burst and then the rate, which a loss halves and a confirmation raises again", () =>
    Effect.gen(function* () {
      const pacing = yield* Pacing
      const { blindRate, confirmed, lost } = yield* PacingEvidence
      assert.strictEqual(yield* pacing.permits(500), 100)
      const more = yield* Effect.forkChild(pacing.permits(500))
      yield* TestClock.adjust("49 millis")
      assert.isUndefined(more.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(more), 10)
      yield* lost
      assert.strictEqual(yield* blindRate, 100)
      yield* confirmed
      assert.strictEqual(yield* blindRate, 110)
      for (let n = 0; n < 20; n++) yield* lost
      assert.strictEqual(yield* blindRate, 10)
      assert.isUndefined(yield* pacing.queueUsage)
    }).pipe(Effect.provide(ratePacingLayer(() => ({ eventsPerSecond: 200, burst: 100 })))),
  )
})
