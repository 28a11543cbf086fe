/** What a run that was killed had handed over is known once the way is clear: then a search says truly what is there. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { seededRandom } from "../../src/demo/seededRandom.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { Witnesses } from "../../src/verify/Witnesses.ts"
import { writeHolding } from "../../src/writers/Held.ts"
import { CALM, ModelChain, type ModelOptions } from "./modelChain.ts"
import { delivered, joined, numbered, onStage, passing } from "./proofStage.ts"

const DAY = 86_400_000
const STORIES = 16

/** A killed run's events, and the ids that the next run does not find of them although they arrived. */
const unknownAfterStart = Effect.fnUntraced(function* (seed: number, over: Partial<ModelOptions>) {
  const { next } = seededRandom(seed)
  // Noon or midnight of a day of its own, since a clock does not go back.
  const start = (seed + 1) * 3 * DAY - (seed % 2 === 0 ? DAY / 2 : 0) - 500 - next() * 2000
  yield* TestClock.setTime(start)
  const model = new ModelChain({
    ...CALM,
    seed,
    reorderMillis: 900,
    delayMillis: 100 + next() * 5000,
    pauses: next() < 0.5 ? [[start + 200, start + 5000 + next() * 100_000]] : [],
    ...over,
  })
  const ids = numbered("killed", 80)
  yield* onStage(model, () =>
    Effect.gen(function* () {
      const verifier = yield* Verifier
      for (const id of ids) {
        yield* writeHolding([JSON.stringify({ event_id: id, waybill: { batch: "killed" } })], {})
        yield* TestClock.adjust(6)
      }
      yield* TestClock.adjust(Math.floor(next() * 3000))
      const { barrier } = yield* Witnesses
      const starting = yield* Effect.forkChild(Effect.andThen(barrier, verifier.known({ ids, since: start })))
      yield* passing(500)
      const known = yield* joined(starting)
      const unknown = ids.filter((id) => !known.has(id))
      assert.deepStrictEqual(unknown, [], `seed ${seed}: ${JSON.stringify(model.options)}`)
    }),
  )
})

describe("the barrier", () => {
  for (const [copies, refreshMillis] of [
    [1, 5000],
    [1, 60_000],
    [2, 5000],
    [2, 60_000],
  ] as const)
    it.effect(`${copies} copies, a refresh of ${refreshMillis / 1000} s: noon and midnight`, () =>
      Effect.forEach(
        Array.from({ length: STORIES }, (_, n) => n + 1),
        (seed) => unknownAfterStart(seed, { copies, refreshMillis, bouncing: false }),
        { discard: true },
      ),
    )
})

describe("what is confirmed", () => {
  it.effect("is known to the next search, though another copy has not been refreshed", () =>
    Effect.forEach(
      Array.from({ length: STORIES }, (_, n) => n + 1),
      Effect.fnUntraced(function* (seed) {
        const model = new ModelChain({ ...CALM, seed, copies: 2, bouncing: false })
        yield* TestClock.setTime(seed * DAY)
        yield* onStage(model, () =>
          Effect.gen(function* () {
            const { known } = yield* Verifier
            const ids = numbered("a", 50)
            const delivering = yield* Effect.forkChild(
              Effect.andThen(delivered("a", ids), known({ ids, since: 0 })),
            )
            yield* passing(60)
            assert.strictEqual((yield* joined(delivering)).size, ids.length, `seed ${seed}`)
          }),
        )
      }),
      { discard: true },
    ),
  )
})
