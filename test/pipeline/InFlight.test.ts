/** Nobody sends what another is sending, however long they wait for each other. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Event } from "../../src/domain/Event.ts"
import { InFlight } from "../../src/pipeline/InFlight.ts"
import { eventOf } from "./eventOf.ts"

const events = (...ids: ReadonlyArray<string>) => ids.map(eventOf)
const idsOf = (taken: ReadonlyArray<Event>) => taken.map(({ id }) => id)

const holds = (name: string, steps: Effect.Effect<void, never, InFlight>) =>
  it.effect(name, () => Effect.provide(steps, InFlight.layer(2)))

describe("InFlight", () => {
  holds(
    "lets a batch wait for the events that another has, and says which of them are settled then",
    Effect.gen(function* () {
      const { claim, release, take } = yield* InFlight
      assert.deepStrictEqual([...(yield* claim(events("a", "x")))], [])
      const second = yield* Effect.forkChild(claim(events("x", "y")))
      const third = yield* Effect.forkChild(claim(events("z")))
      yield* Effect.yieldNow
      assert.deepStrictEqual([...(yield* Fiber.join(third))], [])
      assert.isUndefined(second.pollUnsafe())
      yield* release(yield* take(events("a", "x")))
      assert.deepStrictEqual([...(yield* Fiber.join(second))], ["x"])
    }),
  )

  holds(
    "lets a batch claim what another has not written after all, and nobody else meanwhile",
    Effect.gen(function* () {
      const { claim, forgo } = yield* InFlight
      yield* claim(events("x"))
      const waiting = [
        yield* Effect.forkChild(claim(events("x"))),
        yield* Effect.forkChild(claim(events("x"))),
      ]
      yield* Effect.yieldNow
      yield* forgo(events("x"))
      yield* Effect.yieldNow
      const through = () => waiting.filter((fiber) => fiber.pollUnsafe() !== undefined).length
      assert.strictEqual(through(), 1)
      yield* forgo(events("x"))
      yield* Effect.forEach(waiting, Fiber.join)
      assert.strictEqual(through(), 2)
    }),
  )

  holds(
    "lets an event be sent again that was settled before the search began",
    Effect.gen(function* () {
      const { claim, release, take } = yield* InFlight
      yield* claim(events("x"))
      yield* release(yield* take(events("x")))
      assert.deepStrictEqual([...(yield* claim(events("x")))], [])
    }),
  )

  holds(
    "takes an event once that a batch has twice, and as many permits",
    Effect.gen(function* () {
      const { release, take } = yield* InFlight
      const taken = yield* take(events("x", "x"))
      assert.deepStrictEqual(idsOf(taken), ["x"])
      const other = yield* take(events("y"))
      yield* release(taken)
      yield* release(other)
      assert.deepStrictEqual(idsOf(yield* take(events("a", "b"))), ["a", "b"])
    }),
  )
})
