/**
 * A feed whose events the indexer's user may not see, while canaries come through: nothing of it is taken for lost.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { onStage, TEST_TIMEOUT } from "./world.ts"

const ALARMS = {
  alarms: { count: 20, span: "30 hours" },
  set: { "source.firewalla.feeds.flows.enabled": false, "source.firewalla.feeds.alarms.enabled": true },
} as const

describe("a feed that can't be seen", () => {
  it.live(
    "a document filter that hides one source: it is held, told once, and found when the role is mended",
    () =>
      onStage(ALARMS, (stage) =>
        Effect.gen(function* () {
          yield* stage.indexer.hide("data.source", "firewalla-msp")
          const waybill = yield* stage.start
          yield* Effect.sleep("25 seconds")
          assert.strictEqual(yield* stage.copies, 20)
          assert.strictEqual((yield* stage.letters).length, 0)
          yield* stage.indexer.hide()
          yield* stage.endsWell(waybill)
          assert.strictEqual((yield* stage.letters).length, 0)
        }),
      ),
    TEST_TIMEOUT,
  )
})
