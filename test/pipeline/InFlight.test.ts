/** Nobody sends what another is sending, however long they wait for each other. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Event } from "../../src/domain/Event.ts"
import { InFlight } from "../../src/pipeline/InFlight.ts"

const event = (id: string): Event => ({
  id,
  type: "alarm",
  timeMillis: 0,
  json: "{}",
  bytes: 2,
  envelope: {
    id,
    source: "test",
    source_type: "test:record",
    format: "json",
    payload: {},
    attributes: {},
    received_at: "1970-01-01T00:00:00.000Z",
  },
})
const events = (...ids: ReadonlyArray<string>) => ids.map(event)
const idsOf = (taken: ReadonlyArray<Event>) => taken.map(({ id }) => id)

const holds = (name: string, steps: Effect.Effect<void, never, InFlight>) =>
  it.effect(name, () => Effect.provide(steps, InFlight.layer(2)))

describe("InFlight", () => {
  holds(
    "gives an event to one of two batches that wait for the same permits",
    Effect.gen(function* () {
      const { release, take, watch } = yield* InFlight
      const first = yield* take(events("a", "b"))
      const polled = yield* Effect.forkChild(take(events("x"), yield* watch(["x"])))
      const pushed = yield* Effect.forkChild(take(events("x", "y"), yield* watch(["x", "y"])))
      yield* Effect.yieldNow
      yield* release(first)
      const taken = yield* Fiber.join(polled)
      yield* release(taken)
      assert.deepStrictEqual([idsOf(taken), idsOf(yield* Fiber.join(pushed))], [["x"], ["y"]])
    }),
  )

  holds(
    "leaves out what was out while the batch was being looked for, though it is settled by now",
    Effect.gen(function* () {
      const { release, take, watch } = yield* InFlight
      const before = yield* take(events("x"))
      const looking = yield* watch(["x", "y", "z"])
      yield* release(before)
      yield* release(yield* take(events("y")))
      assert.deepStrictEqual(idsOf(yield* take(events("x", "y", "z"), looking)), ["z"])
    }),
  )

  holds(
    "lets an event be sent again that was settled before the search began",
    Effect.gen(function* () {
      const { release, take, watch } = yield* InFlight
      yield* release(yield* take(events("x")))
      assert.deepStrictEqual(idsOf(yield* take(events("x"), yield* watch(["x"]))), ["x"])
    }),
  )

  holds(
    "takes an event once that a batch has twice",
    Effect.gen(function* () {
      assert.deepStrictEqual(idsOf(yield* (yield* InFlight).take(events("x", "x"))), ["x"])
    }),
  )

  holds(
    "keeps no permit for what it leaves out",
    Effect.gen(function* () {
      const { release, take } = yield* InFlight
      const first = yield* take(events("x"))
      assert.deepStrictEqual(yield* take(events("x")), [])
      yield* release(yield* take(events("y")))
      yield* release(first)
      assert.deepStrictEqual(idsOf(yield* take(events("a", "b"))), ["a", "b"])
    }),
  )
})
