/** What was accepted below Waybill and is gone: it is proven lost and written again, and what is only late is not. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { onStage, SLOW_MANAGER, TEST_TIMEOUT } from "./world.ts"

describe("loss", () => {
  it.live(
    "a manager that dies with events in its queue: those, and only those, are written again",
    () =>
      onStage({ flows: { count: 1500, span: "30 hours" }, manager: SLOW_MANAGER }, (stage) =>
        Effect.gen(function* () {
          const { manager } = stage.world
          const waybill = yield* stage.start
          yield* stage.searchable(50)
          yield* stage.queued(100)
          yield* manager.kill
          yield* stage.hurry
          yield* Effect.sleep("1500 millis")
          yield* manager.start
          yield* stage.endsWell(waybill)
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
      onStage({ flows: { count: 1000, span: "30 hours" }, manager: SLOW_MANAGER }, (stage) =>
        Effect.gen(function* () {
          const { manager, shipper } = stage.world
          const waybill = yield* stage.start
          yield* stage.searchable(50)
          yield* shipper.pause
          yield* stage.until(
            "some wait in the shipper",
            Effect.map(shipper.waiting, (bytes) => bytes > 0),
          )
          yield* manager.pause
          yield* stage.queued(50)
          yield* manager.kill
          yield* manager.resume
          yield* stage.hurry
          yield* manager.start
          yield* Effect.sleep("4 seconds")
          assert.strictEqual(yield* stage.lostEvents, 0)
          yield* shipper.resume
          yield* stage.endsWell(waybill)
          assert.isAtLeast(yield* stage.lostEvents, 50)
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "manager and Waybill die together: the next run sends what is missing and nothing else",
    () =>
      onStage({ flows: { count: 1000, span: "30 hours" }, manager: SLOW_MANAGER }, (stage) =>
        Effect.gen(function* () {
          const { manager } = stage.world
          const killed = yield* stage.start
          yield* stage.searchable(50)
          yield* stage.queued(50)
          yield* manager.kill
          yield* stage.hurry
          yield* killed.kill
          yield* killed.exitCode
          const waybill = yield* stage.start
          yield* Effect.sleep("1 second")
          yield* manager.start
          yield* stage.endsWell(waybill)
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
          yield* stage.searchable(700)
          yield* manager.dropRandomly(0)
          yield* stage.endsWell(waybill)
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
          yield* stage.endsWell(waybill)
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
          { flows: { count: 1000, span: "30 hours" }, manager: { ...SLOW_MANAGER, clockAhead } },
          (stage) =>
            Effect.gen(function* () {
              const { manager } = stage.world
              const waybill = yield* stage.start
              yield* stage.searchable(50)
              yield* stage.queued(30)
              yield* manager.kill
              yield* stage.hurry
              yield* manager.start
              yield* stage.endsWell(waybill)
            }),
        ),
      TEST_TIMEOUT,
    )
})
