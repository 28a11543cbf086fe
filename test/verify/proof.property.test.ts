/**
 * Random chains and random feeds: nothing that is merely late is ever sent again, and all that is lost is found.
 *
 * `WAYBILL_SEED=n` plays one story again; a failing one names its seed and what the chain was like.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { seededRandom } from "../../src/demo/seededRandom.ts"
import { Witnesses } from "../../src/verify/Witnesses.ts"
import { CALM, ModelChain, type ModelOptions } from "./modelChain.ts"
import { delivered, joined, numbered, onStage } from "./proofStage.ts"

const HOUR = 3_600_000
const STORIES = 60
/** From the first batch to the end of everything, with several losses of one event in a row. */
const AT_MOST = Duration.minutes(60)
const FEED_MILLIS = 90_000

const optionsOf = (seed: number, begin: number): ModelOptions => {
  const { next } = seededRandom(seed)
  const pick = <A>(...choices: ReadonlyArray<A>): A => choices[Math.floor(next() * choices.length)] ?? fail()
  const fail = (): never => assert.fail("nothing to choose from")
  const intervals = (longest: number): ModelOptions["pauses"] =>
    next() < 0.6
      ? []
      : [begin + next() * FEED_MILLIS].map((from) => [from, from + 1000 + next() * longest] as const)
  return {
    ...CALM,
    seed,
    shards: pick(1, 2, 3, 3, 5),
    copies: pick(1, 1, 2),
    refreshMillis: pick(1000, 5000, 5000, 30_000, 60_000),
    reorderMillis: pick(0, 900, 2500),
    loss: pick(0, 0, 0.02, 0.1, 0.3),
    delayMillis: pick(100, 500, 8000, 40_000),
    pauses: intervals(240_000),
    blackouts: intervals(20_000),
    unsearchable: intervals(60_000),
  }
}

const play = Effect.fnUntraced(function* (seed: number) {
  const { next } = seededRandom(seed + 10_000)
  // Every fourth story lies over midnight.
  const begin = (seed % 4 === 0 ? 24 : 36) * HOUR - Math.floor(next() * FEED_MILLIS)
  const model = new ModelChain(optionsOf(seed, begin))
  yield* TestClock.setTime(begin - 300_000)
  const sizes = Array.from({ length: 5 + Math.floor(next() * 25) }, () => 1 + Math.floor(next() ** 3 * 120))
  const batches = sizes.map((size, n) => ({
    batch: `b${n}`,
    ids: numbered(`b${n}`, size),
    at: Math.floor(next() * FEED_MILLIS),
  }))
  const ended = yield* onStage(model, () =>
    Effect.gen(function* () {
      const witnesses = yield* Witnesses
      const open = yield* Effect.forkChild(witnesses.barrier)
      yield* Effect.repeat(TestClock.adjust("500 millis"), { times: 599 })
      yield* joined(open)
      const delivering = yield* Effect.forkChild(
        Effect.forEach(batches, ({ batch, ids, at }) => Effect.delay(delivered(batch, ids), at), {
          concurrency: "unbounded",
        }),
      )
      yield* Effect.repeat(TestClock.adjust("500 millis"), {
        times: Duration.toMillis(AT_MOST) / 500,
        until: () => delivering.pollUnsafe() !== undefined,
      })
      return delivering.pollUnsafe() === undefined ? undefined : yield* Fiber.join(delivering)
    }),
  )
  const tale = `seed ${seed}: ${JSON.stringify(model.options)}`
  assert.deepStrictEqual(model.twice, [], `sent twice and there twice, ${tale}`)
  assert.isDefined(ended, `not everything was settled, ${tale}`)
  for (const { ids } of batches)
    for (const id of ids) assert.isTrue(model.isIndexed(id), `${id} is missing, ${tale}`)
  return (ended ?? []).flat().length
})

describe("the proof of loss, over random chains", () => {
  const only = process.env.WAYBILL_SEED
  const seeds = only === undefined ? Array.from({ length: STORIES }, (_, n) => n + 1) : [Number(only)]
  it.effect(
    `holds for ${seeds.length} of them`,
    () =>
      Effect.gen(function* () {
        const losses = yield* Effect.forEach(seeds, (seed) =>
          play(seed).pipe(Effect.provide(TestClock.layer())),
        )
        // The stories must be about something.
        if (only === undefined) assert.isAbove(losses.filter((count) => count > 0).length, STORIES / 4)
      }),
    120_000,
  )
})
