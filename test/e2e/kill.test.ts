/** SIGKILL at random moments: what was under way is found again, and nothing is written twice. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { seededRandom } from "../../src/demo/seededRandom.ts"
import { onStage, stopped, TEST_TIMEOUT } from "./world.ts"

const KILLS = 5
const seed = Number(process.env.SEED || Date.now() % 1_000_000)

describe(`SIGKILL, SEED=${seed}`, () => {
  it.live(
    `${KILLS} times at random moments loses and doubles nothing`,
    () =>
      onStage({ flows: { count: 3000, span: "30 hours" }, manager: { serviceRate: 900 } }, (stage) =>
        Effect.gen(function* () {
          const random = seededRandom(seed)
          for (let kill = 0; kill < KILLS; kill++) {
            const waybill = yield* stage.start
            // From before the canary to the middle of the delivery.
            yield* Effect.sleep(Duration.millis(700 + random.below(3300)))
            yield* waybill.kill
            assert.isUndefined(yield* waybill.exitCode)
          }
          const waybill = yield* stage.start
          yield* stage.arrived
          yield* stage.nextLine("poll.finished")
          assert.strictEqual(yield* stopped(waybill), 0)
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "of Waybill and of the manager, with a shipper that stumbles: what is lost is written again, once",
    () =>
      onStage({ flows: { count: 2500, span: "30 hours" }, manager: { serviceRate: 500 } }, (stage) =>
        Effect.gen(function* () {
          const random = seededRandom(seed + 1)
          const { manager, shipper } = stage.world
          const soon = (most: number) => Effect.sleep(Duration.millis(200 + random.below(most)))
          for (let kill = 0; kill < 3; kill++) {
            const waybill = yield* stage.start
            yield* soon(3500)
            yield* manager.kill
            if (random.next() < 0.5) yield* shipper.pause
            yield* soon(800)
            yield* manager.start
            yield* soon(2000)
            yield* shipper.resume
            yield* soon(1500)
            yield* waybill.kill
            yield* waybill.exitCode
          }
          const waybill = yield* stage.start
          yield* stage.arrived
          yield* stage.nextLine("poll.finished")
          assert.strictEqual(yield* stopped(waybill), 0)
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )
})
