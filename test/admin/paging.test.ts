/** 100,000 letters: a page is quick wherever it begins, and the whole list costs no memory. */

import { request } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import { keyOf, waiting } from "./letters.ts"
import { makeStage, TOKEN } from "./stage.ts"

const COUNT = 100_000
const headers = { authorization: `Bearer ${TOKEN}` }

/** Asks for the whole list and reads nothing of it until `read`, and then keeps only its end. */
const slowly = (port: number, read: Effect.Effect<void>) =>
  Effect.callback<{ readonly bytes: number; readonly end: string }, never>((resume) => {
    let bytes = 0
    let end = ""
    request({ host: "127.0.0.1", port, path: "/api/v1/dlq", headers }, (response) => {
      response.pause()
      response.on("end", () => resume(Effect.succeed({ bytes, end })))
      Effect.runFork(
        Effect.map(read, () => {
          response.on("data", (chunk: Buffer) => {
            bytes += chunk.length
            end = (end + chunk.toString("latin1")).slice(-100)
          })
          response.resume()
        }),
      )
    }).end()
  })

/** Letters that count how many of them were read. */
const counted = (count: number, reads: { letters: number }) =>
  Layer.effect(
    DeadLetters,
    Effect.map(DeadLetters, (below) =>
      DeadLetters.of({
        ...below,
        list: (asked) =>
          Effect.tap(below.list(asked), ({ letters }) =>
            Effect.sync(() => {
              reads.letters += letters.length
            }),
          ),
      }),
    ),
  ).pipe(Layer.provide(waiting(count)))

describe("100,000 dead letters", () => {
  it.live(
    "are listed page by page as quickly at the end as at the beginning, and whole only as fast as they are read",
    () =>
      Effect.gen(function* () {
        const reads = { letters: 0 }
        const { ask, port } = yield* makeStage({ letters: counted(COUNT, reads) })
        const took: Array<number> = []
        for (let n = 0; n < 21; n++) {
          const began = performance.now()
          const { text } = yield* ask(`/api/v1/dlq?limit=100&cursor=${keyOf(n * 4_700)}`)
          took.push(performance.now() - began)
          assert.include(text, `"id":"evt-${n * 4_700 + 100}"`)
          assert.include(text, '"count":100,"next_cursor":')
        }
        assert.strictEqual(reads.letters, 2_100)
        took.sort((a, b) => a - b)
        assert.isBelow(took[10] ?? Number.NaN, 50)

        const waits = yield* Deferred.make<void>()
        const reading = yield* Effect.forkChild(slowly(port, Deferred.await(waits)))
        yield* Effect.sleep("1 second")
        // What fits into the buffers of the two ends of a connection, and no more.
        assert.isBelow(reads.letters, COUNT / 4)
        yield* Deferred.succeed(waits, undefined)
        const { bytes, end } = yield* Fiber.join(reading)
        assert.isAbove(bytes, COUNT * 300)
        assert.isTrue(end.endsWith(`],"count":${COUNT}}`), end)
      }).pipe(Effect.scoped),
    180_000,
  )
})
