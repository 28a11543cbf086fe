import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { pushKills } from "./pushKills.ts"
import { TEST_TIMEOUT } from "./world.ts"

const seed = Number(process.env.SEED || Date.now() % 1_000_000)

describe(`events that are pushed, SEED=${seed}`, () => {
  it.live(
    "are there, once, if they were answered 200, whenever Waybill is killed",
    () =>
      Effect.gen(function* () {
        const { accepted, lost, twice } = yield* pushKills(3, seed, () => undefined)
        assert.isAbove(accepted, 100)
        assert.deepStrictEqual({ lost, twice }, { lost: [], twice: [] })
      }),
    TEST_TIMEOUT,
  )
})
