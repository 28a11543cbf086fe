/** What can be asked of letters, and what waits, while those of an earlier run are being read. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { keepLetters } from "../../src/dead-letters/keepLetters.ts"
import type { Storage } from "../../src/dead-letters/Storage.ts"
import { find } from "../../src/dead-letters/scan.ts"
import { files, keyOf } from "../admin/letters.ts"
import { letterFor } from "../contracts/DeadLetters.ts"
import { withoutLogs } from "../support/logRecorder.ts"

const COUNT = 1000

/** Letters of a slow disk: nothing is read of it before `answer`. */
const slowLetters = Effect.gen(function* () {
  const answers = yield* Deferred.make<void>()
  const kept = files(COUNT)
  const storage: Storage = {
    path: "/slow",
    write: (name, text) => Effect.sync(() => void kept.set(name, text)),
    read: (name) => Effect.as(Deferred.await(answers), Option.fromNullishOr(kept.get(name))),
    remove: (name) => Effect.sync(() => void kept.delete(name)),
    names: Effect.sync(() => [...kept.keys()]),
  }
  const limits = { maxFiles: 10_000, maxBytes: 1e9 }
  const letters = yield* keepLetters(storage, limits, yield* find(storage, true))
  return { letters, answer: Deferred.succeed(answers, undefined), kept }
})

describe("letters that are being read", () => {
  it.effect("are counted, and said to be read, from the first moment on", () =>
    Effect.gen(function* () {
      const { answer, letters } = yield* slowLetters
      yield* TestClock.adjust("1 minute")
      assert.deepInclude(yield* letters.stats, { reading: true, pending: COUNT, written: 0 })
      yield* answer
      yield* letters.ready
      assert.deepInclude(yield* letters.stats, { reading: false, pending: COUNT, written: 0 })
      assert.isTrue(letters.has("evt-0") && letters.has(`evt-${COUNT - 1}`))
    }).pipe(Effect.scoped, withoutLogs),
  )

  it.effect("let everything wait that needs them", () =>
    Effect.gen(function* () {
      const { answer, kept, letters } = yield* slowLetters
      const work = {
        // One that waits already: unread it would be a second letter of the same event.
        put: letters.put(letterFor("evt-7")),
        list: letters.list({ limit: 3 }),
        get: letters.get(keyOf(1)),
        remove: letters.remove(keyOf(2)),
        failedAgain: letters.failedAgain(keyOf(3), { error: "again", reason: "storage_failed" }),
      }
      const fibers = yield* Effect.all(
        Object.values<Effect.Effect<unknown, unknown>>(work).map((one) => Effect.forkChild(one)),
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        fibers.map((fiber) => fiber.pollUnsafe()),
        fibers.map(() => undefined),
      )
      assert.strictEqual(kept.size, COUNT)
      yield* answer
      const ends = yield* Effect.forEach(fibers, Fiber.await)
      assert.isTrue(ends.every(Exit.isSuccess))
      assert.strictEqual((yield* letters.stats).pending, COUNT - 1)
    }).pipe(Effect.scoped, withoutLogs),
  )
})
