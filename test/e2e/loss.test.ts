/** What was accepted below Waybill and is gone: it is proven lost and written again, and what is only late is not. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { onStage, type Stage, stopped, TEST_TIMEOUT } from "./world.ts"

const searchable = (stage: Stage, atLeast: number) =>
  stage.until(
    `${atLeast} are searchable`,
    Effect.map(stage.equation, (equation) => equation.searchable >= atLeast),
  )

/** Waits until the manager's queue holds so many. */
const queued = (stage: Stage, atLeast: number) =>
  stage.until(
    `the manager has ${atLeast} in its queue`,
    Effect.map(stage.world.manager.counters, (counters) => counters.queued >= atLeast),
  )

const endsWell = (stage: Stage, waybill: Effect.Success<Stage["start"]>) =>
  Effect.gen(function* () {
    yield* stage.arrived
    yield* stage.nextLine("poll.finished")
    assert.strictEqual(yield* stopped(waybill), 0)
    yield* stage.assertEquation
  })

describe("loss", () => {
  it.live(
    "a manager that dies with events in its queue: those, and only those, are written again",
    () =>
      onStage({ flows: { count: 1500, span: "30 hours" }, manager: { serviceRate: 400 } }, (stage) =>
        Effect.gen(function* () {
          const { manager } = stage.world
          const waybill = yield* stage.start
          yield* searchable(stage, 200)
          yield* queued(stage, 100)
          yield* manager.kill
          yield* Effect.sleep("1500 millis")
          yield* manager.start
          yield* endsWell(stage, waybill)
          // How many were in its queue at that very instant nobody can say from outside.
          assert.isAbove(yield* stage.lostEvents, 0)
          assert.strictEqual((yield* stage.letters).length, 0)
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "some are lost in the manager while others wait in a shipper that stands still: the late ones are not sent again",
    () =>
      onStage({ flows: { count: 1000, span: "30 hours" }, manager: { serviceRate: 300 } }, (stage) =>
        Effect.gen(function* () {
          const { manager, shipper } = stage.world
          const waybill = yield* stage.start
          yield* searchable(stage, 100)
          yield* shipper.pause
          yield* queued(stage, 50)
          yield* manager.kill
          yield* manager.start
          yield* Effect.sleep("4 seconds")
          assert.strictEqual(yield* stage.lostEvents, 0)
          yield* shipper.resume
          yield* endsWell(stage, waybill)
          assert.isAtLeast(yield* stage.lostEvents, 50)
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "manager and Waybill die together: the next run sends what is missing and nothing else",
    () =>
      onStage({ flows: { count: 1000, span: "30 hours" }, manager: { serviceRate: 300 } }, (stage) =>
        Effect.gen(function* () {
          const { manager } = stage.world
          const killed = yield* stage.start
          yield* searchable(stage, 100)
          yield* queued(stage, 50)
          yield* manager.kill
          yield* killed.kill
          yield* killed.exitCode
          const waybill = yield* stage.start
          yield* Effect.sleep("1 second")
          yield* manager.start
          yield* endsWell(stage, waybill)
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a decode queue that drops one in ten: each is proven lost and arrives once",
    () =>
      onStage({ flows: { count: 1200, span: "30 hours" }, manager: { serviceRate: 800 } }, (stage) =>
        Effect.gen(function* () {
          const { manager } = stage.world
          yield* manager.dropRandomly(0.1, true)
          const waybill = yield* stage.start
          yield* searchable(stage, 700)
          yield* manager.dropRandomly(0)
          yield* endsWell(stage, waybill)
          assert.isAtLeast(yield* stage.lostEvents, 30)
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a third refused by the mapping: dead letters with the reason, and the feed goes on",
    () =>
      onStage({ flows: { count: 240, span: "30 hours" } }, (stage) =>
        Effect.gen(function* () {
          yield* stage.indexer.refuseByMapping(1 / 3)
          const waybill = yield* stage.start
          yield* endsWell(stage, waybill)
          const letters = yield* stage.letters
          assert.isAbove(letters.length, 40)
          assert.deepStrictEqual([...new Set(letters.map(({ reason }) => reason))], ["verification_failed"])
          assert.strictEqual((yield* stage.equation).searchable + letters.length, 240)
        }),
      ),
    TEST_TIMEOUT,
  )

  for (const [name, clockAhead] of [
    ["ahead", 600_000],
    ["behind", -600_000],
  ] as const)
    it.live(
      `a manager whose clock is ten minutes ${name}, and that dies with events in its queue`,
      () =>
        onStage(
          { flows: { count: 500, span: "30 hours" }, manager: { serviceRate: 300, clockAhead } },
          (stage) =>
            Effect.gen(function* () {
              const { manager } = stage.world
              const waybill = yield* stage.start
              yield* searchable(stage, 50)
              yield* queued(stage, 30)
              yield* manager.kill
              yield* manager.start
              yield* endsWell(stage, waybill)
            }),
        ),
      TEST_TIMEOUT,
    )
})
