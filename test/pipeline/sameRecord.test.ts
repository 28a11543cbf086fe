/** One record that comes in two ways at once is sent once, and no checkpoint passes it before it has arrived. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer, Option, Stream } from "effect"
import { deliver } from "../../src/pipeline/Delivery.ts"
import { replayLetters } from "../../src/replay/replayLetters.ts"
import { carriedOut, records, Scene } from "../replay/scene.ts"
import type { Chain } from "./chain.ts"

const COUNT = 60

/** More than may be in flight at once, so that some wait for others between the search and the write. */
const atOnce = <E, R extends Layer.Success<Chain["layer"]>>(
  ways: (scene: Scene) => ReadonlyArray<Effect.Effect<unknown, E, R>>,
  setUp: (scene: Scene) => Effect.Effect<void, unknown, Layer.Success<Chain["layer"]>> = () => Effect.void,
) => {
  const scene = new Scene(records(COUNT))
  return scene.process(
    Effect.gen(function* () {
      yield* setUp(scene)
      yield* carriedOut(Effect.all(ways(scene), { concurrency: "unbounded", discard: true }))
      assert.deepStrictEqual([scene.twice, scene.lost, scene.ahead], [[], [], []])
      assert.strictEqual(scene.sentRecords.length, COUNT)
      return scene
    }),
  )
}

describe("a record that comes in two ways at once", () => {
  it.effect("is sent once when it is pushed and polled", () =>
    atOnce(({ feed }) => [
      deliver(feed, Option.none()),
      deliver({ ...feed, name: "hec/pushed" }, Option.none()),
      deliver({ ...feed, name: "hec/again" }, Option.none()).pipe(Effect.delay("1700 millis")),
    ]),
  )

  it.effect("is sent once by two that have all of them in opposite orders, and neither waits for ever", () =>
    atOnce(({ feed }) => {
      const poll: typeof feed.poll = (checkpoint) =>
        Stream.fromIterableEffect(
          Effect.map(Stream.runCollect(feed.poll(checkpoint)), (pages) =>
            [...pages].reverse().map((page) => ({
              ...page,
              envelopes: page.envelopes.toReversed(),
              position: Option.none(),
            })),
          ),
        )
      return [deliver(feed, Option.none()), deliver({ ...feed, name: "hec/backwards", poll }, Option.none())]
    }),
  )

  it.effect("is sent once when its letter is replayed and its envelope is pushed, and the letter goes", () =>
    Effect.gen(function* () {
      const scene = yield* atOnce(
        (scene) => [replayLetters({}), deliver(scene.feed, Option.none())],
        (scene) => {
          scene.replayed = true
          return scene.putLetters()
        },
      )
      assert.deepStrictEqual(scene.waiting, [])
    }),
  )
})
