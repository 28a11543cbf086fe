import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as NoDeadLetters from "../../src/dead-letters/NoDeadLetters.ts"
import { Stop } from "../../src/pipeline/Stop.ts"
import * as Replay from "../../src/replay/Replay.ts"
import { begun, passing, records, Scene } from "./scene.ts"

/** A process that serves replays, after its start-up. */
const serving = <A, E>(
  scene: Scene,
  steps: Effect.Effect<A, E, Replay.Replay | Layer.Success<Scene["layer"]>>,
  canProve = true,
) =>
  scene.process(
    Effect.gen(function* () {
      yield* scene.putLetters()
      const { serve } = yield* Replay.Replay
      yield* begun(serve)
      yield* TestClock.adjust(0)
      return yield* steps
    }).pipe(Effect.provide(Replay.layer(canProve))),
  )

const replay = (request: Replay.ReplayRequest = {}) =>
  Effect.flatMap(Replay.Replay, (replays) => replays.replay(request))
const reasonOf = Effect.map(Effect.flip(replay()), ({ reason }) => reason)

describe("Replay", () => {
  it.effect("replays one after the other, and tells how far it is and what became of the last one", () => {
    const scene = new Scene(records(6))
    return serving(
      scene,
      Effect.gen(function* () {
        const { status } = yield* Replay.Replay
        const first = yield* Effect.forkChild(replay({ limit: 2 }))
        yield* passing("500 millis")
        assert.deepInclude((yield* status).running?.counts, { taken: 2, delivered: 0 })
        assert.strictEqual(yield* reasonOf, "busy")
        yield* passing("10 seconds")
        assert.strictEqual((yield* Fiber.join(first)).counts.delivered, 2)
        assert.isUndefined((yield* status).running)
        assert.strictEqual((yield* status).last?.report.counts.delivered, 2)

        const second = yield* Effect.forkChild(replay())
        yield* passing("10 seconds")
        assert.strictEqual((yield* Fiber.join(second)).counts.delivered, 4)
      }),
    )
  })

  it.effect("goes on to its end when whoever asked has gone", () => {
    const scene = new Scene(records(6))
    return serving(
      scene,
      Effect.gen(function* () {
        const asking = yield* Effect.forkChild(replay())
        yield* passing("500 millis")
        yield* Fiber.interrupt(asking)
        yield* passing("10 seconds")
        assert.deepStrictEqual([scene.waiting, scene.lost, scene.twice], [[], [], []])
        assert.strictEqual((yield* (yield* Replay.Replay).status).last?.report.counts.delivered, 6)
      }),
    )
  })

  it.effect("begins only after the start-up sync", () => {
    const scene = new Scene(records(2))
    return scene.process(
      Effect.gen(function* () {
        assert.strictEqual(yield* reasonOf, "starting")
      }).pipe(Effect.provide(Replay.layer(true))),
    )
  })

  it.effect("settles what is sent on a stop, and then refuses", () => {
    const scene = new Scene(records(20))
    return serving(
      scene,
      Effect.gen(function* () {
        const asking = yield* Effect.forkChild(replay({ perSecond: 5 }))
        yield* passing("2 seconds")
        yield* (yield* Stop).request
        yield* passing("10 seconds")
        const { complete, counts } = yield* Fiber.join(asking)
        assert.isFalse(complete)
        assert.strictEqual(scene.waiting.length, 20 - counts.delivered)
        assert.strictEqual(yield* reasonOf, "stopping")
      }),
    )
  })

  it.effect("refuses where no search would prove that an event has arrived", () =>
    serving(
      new Scene(records(2)),
      Effect.gen(function* () {
        assert.strictEqual(yield* reasonOf, "cannot-prove")
      }),
      false,
    ),
  )

  it.effect("refuses where no letters are kept", () =>
    new Scene(records(2)).process(
      Effect.gen(function* () {
        assert.strictEqual(yield* reasonOf, "disabled")
      }).pipe(Effect.provide(Replay.layer(true).pipe(Layer.provide(NoDeadLetters.layerLooking)))),
    ),
  )
})
