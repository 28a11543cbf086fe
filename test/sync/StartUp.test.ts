/** The outcomes of the start-up sync, each between two runs of Waybill over real sockets and HTTP. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { onStage, stopped, TEST_TIMEOUT } from "../e2e/world.ts"

const WORLD = { flows: { count: 300, span: "3 hours" } } as const

describe("start-up sync", () => {
  it.live(
    "no data on the first start, in-sync on the second: one line each",
    () =>
      onStage(WORLD, (stage) =>
        Effect.gen(function* () {
          const first = yield* stage.start
          yield* stage.arrived
          yield* stage.hasLine("poll.finished")
          assert.strictEqual(yield* stopped(first), 0)
        }),
      ),
    TEST_TIMEOUT,
  )
})
