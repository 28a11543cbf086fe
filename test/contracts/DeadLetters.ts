/** What every implementation of DeadLetters keeps; see src/dead-letters/DeadLetters.ts. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { type DeadLetter, DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import { withoutLogs } from "../support/logRecorder.ts"

export const letterFor = (id: string): DeadLetter => ({
  envelope: {
    id,
    source: "firewalla-msp",
    source_type: "firewalla:flow",
    format: "json",
    payload: { ts: "not a time", note: "naïve \u0000 text" },
    attributes: { host: "fw01.example.com" },
    received_at: "2026-02-22T19:13:04.123Z",
  },
  reason: "normalization_failed",
  error: "ts: expected a number",
  attempts: 1,
})

export const suite = <E>(name: string, layer: Layer.Layer<DeadLetters, E>) =>
  describe(`DeadLetters: ${name}`, () => {
    it.effect("has a letter once it is put, and counts it", () =>
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        assert.isFalse(letters.has("a"))
        yield* letters.put(letterFor("a"))
        assert.isTrue(letters.has("a"))
        assert.isFalse(letters.has("b"))
        assert.strictEqual(yield* letters.written, 1)
      }).pipe(Effect.provide(layer), withoutLogs),
    )

    it.effect("keeps one letter for one record, however often the record is fetched", () =>
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        yield* Effect.all([letters.put(letterFor("a")), letters.put(letterFor("a"))], { concurrency: 2 })
        assert.strictEqual(yield* letters.written, 1)
      }).pipe(Effect.provide(layer), withoutLogs),
    )
  })
