/** What every implementation of DeadLetters keeps; see src/dead-letters/DeadLetters.ts. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  type DeadLetter,
  DeadLetters,
  type LetterFilter,
  type PageRequest,
} from "../../src/dead-letters/DeadLetters.ts"
import { withoutLogs } from "../support/logRecorder.ts"

export const letterFor = (id: string, more: Partial<DeadLetter> & { source?: string } = {}): DeadLetter => ({
  envelope: {
    id,
    source: more.source ?? "firewalla-msp",
    source_type: "firewalla:flow",
    format: "json",
    payload: { ts: "not a time", note: "naïve \u0000 text" },
    attributes: { host: "fw01.example.com" },
    received_at: "2026-02-22T19:13:04.123Z",
  },
  reason: more.reason ?? "normalization_failed",
  error: more.error ?? "ts: expected a number",
  attempts: more.attempts ?? 1,
})

/** Ids of a page, or of all pages. */
const page = Effect.fnUntraced(function* (request: PageRequest) {
  const { letters, next } = yield* (yield* DeadLetters).list(request)
  return { ids: letters.map(({ file }) => file.envelope.id), next }
})
const allIds = (filter: LetterFilter = {}, limit = 2) =>
  Stream.paginate(Option.none<string>(), (cursor) =>
    Effect.map(
      page({ ...filter, limit, cursor: Option.getOrUndefined(cursor) }),
      ({ ids, next }) => [ids, Option.map(Option.fromNullishOr(next), Option.some)] as const,
    ),
  ).pipe(Stream.runCollect)

const keyFor = Effect.fnUntraced(function* (id: string) {
  return (yield* DeadLetters).find(id) ?? assert.fail(`there is no letter of ${id}`)
})

const putAll = Effect.fnUntraced(function* (letters: ReadonlyArray<DeadLetter>) {
  const { put } = yield* DeadLetters
  for (const letter of letters) yield* put(letter)
})

const MIXED = [
  letterFor("a"),
  letterFor("b", { reason: "validation_failed" }),
  letterFor("c", { source: "hec" }),
  letterFor("d", { source: "hec", reason: "validation_failed" }),
  letterFor("e"),
]

export const suite = <E>(name: string, layer: Layer.Layer<DeadLetters, E>) =>
  describe(`DeadLetters: ${name}`, () => {
    const keeps = <A, F>(what: string, body: Effect.Effect<A, F, DeadLetters>) =>
      it.effect(what, () => body.pipe(Effect.provide(layer), withoutLogs))

    keeps(
      "has a letter once it is put, and counts it",
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        assert.isFalse(letters.has("a"))
        yield* letters.put(letterFor("a"))
        assert.isTrue(letters.has("a"))
        assert.isFalse(letters.has("b"))
        const { bytes, ...stats } = yield* letters.stats
        assert.deepInclude(stats, { enabled: true, written: 1, pending: 1 })
        assert.isAbove(bytes, 100)
      }),
    )

    keeps(
      "keeps one letter for one record, however often the record is fetched",
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        yield* Effect.all([letters.put(letterFor("a")), letters.put(letterFor("a"))], { concurrency: 2 })
        assert.deepInclude(yield* letters.stats, { written: 1, pending: 1 })
      }),
    )

    keeps(
      "gives a letter back as the documented file",
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        yield* TestClock.setTime(Date.UTC(2024, 10, 4, 1, 2, 3))
        yield* letters.put(letterFor("a", { attempts: 3 }))
        const key = yield* keyFor("a")
        assert.strictEqual(key, "failed_1730682123_0")
        const { envelope } = letterFor("a")
        assert.deepStrictEqual(Option.getOrThrow(yield* letters.get(key)), {
          key,
          file: {
            timestamp: "2024-11-04T01:02:03.000Z",
            envelope: { ...envelope, payload: JSON.stringify(envelope.payload) },
            error: "ts: expected a number",
            reason: "normalization_failed",
            attempts: 3,
            last_attempt: "2024-11-04T01:02:03.000Z",
          },
        })
      }),
    )

    keeps(
      "lists pages in the order of putting, by reason and source, and ends",
      Effect.gen(function* () {
        yield* putAll(MIXED)
        assert.deepStrictEqual((yield* page({ limit: 2 })).ids, ["a", "b"])
        assert.isUndefined((yield* page({ limit: 5 })).next)
        assert.deepStrictEqual(yield* allIds(), ["a", "b", "c", "d", "e"])
        assert.deepStrictEqual(yield* allIds({ reason: "validation_failed" }, 1), ["b", "d"])
        assert.deepStrictEqual(yield* allIds({ source: "firewalla-msp" }), ["a", "b", "e"])
        assert.deepStrictEqual(yield* allIds({ source: "hec", reason: "normalization_failed" }), ["c"])
        assert.deepStrictEqual(yield* allIds({ source: "nobody" }), [])
      }),
    )

    keeps(
      "goes on behind a cursor whose letter is gone, and takes later ones in",
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        yield* putAll(MIXED)
        const { next } = yield* page({ limit: 2 })
        assert.isTrue(yield* letters.remove(next ?? ""))
        yield* letters.put(letterFor("f"))
        assert.deepStrictEqual((yield* page({ limit: 10, cursor: next })).ids, ["c", "d", "e", "f"])
      }),
    )

    keeps(
      "refuses what is no cursor and finds no letter under what is no key",
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        yield* letters.put(letterFor("a"))
        for (const hostile of ["../../etc/passwd", "failed_0_0.json", "failed_0_1", "", "failed_00_0"]) {
          assert.isTrue(Option.isNone(yield* letters.get(hostile)), hostile)
          assert.isFalse(yield* letters.remove(hostile), hostile)
          assert.isFalse(yield* letters.failedAgain(hostile, { error: "", reason: "storage_failed" }))
        }
        const error = yield* Effect.flip(letters.list({ limit: 1, cursor: "../../etc" }))
        assert.include(error.message, "is not a cursor")
        assert.isTrue(letters.has("a"))
      }),
    )

    keeps(
      "forgets what is removed, and takes the record again",
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        yield* putAll(MIXED)
        assert.isTrue(yield* letters.remove(yield* keyFor("c")))
        assert.isFalse(letters.has("c"))
        yield* letters.put(letterFor("c"))
        assert.deepStrictEqual(yield* allIds(), ["a", "b", "d", "e", "c"])
        assert.deepInclude(yield* letters.stats, { written: 6, pending: 5 })
      }),
    )

    keeps(
      "purges what fits and nothing else",
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        yield* putAll(MIXED)
        assert.strictEqual(yield* letters.purge({ reason: "validation_failed", source: "hec" }), 1)
        assert.strictEqual(yield* letters.purge({ source: "hec" }), 1)
        assert.deepStrictEqual(yield* allIds(), ["a", "b", "e"])
        assert.strictEqual(yield* letters.purge({}), 3)
        assert.deepInclude(yield* letters.stats, { pending: 0, bytes: 0 })
      }),
    )

    keeps(
      "counts another failure in the same letter, in its place",
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        yield* putAll(MIXED)
        const key = yield* keyFor("b")
        yield* TestClock.adjust("1 minute")
        assert.isTrue(yield* letters.failedAgain(key, { error: "again", reason: "storage_failed" }))
        const { file } = Option.getOrThrow(yield* letters.get(key))
        assert.deepInclude(file, {
          timestamp: "1970-01-01T00:00:00.000Z",
          last_attempt: "1970-01-01T00:01:00.000Z",
          attempts: 2,
          error: "again",
          reason: "storage_failed",
        })
        assert.deepStrictEqual(yield* allIds(), ["a", "b", "c", "d", "e"])
        assert.deepStrictEqual(yield* allIds({ reason: "storage_failed" }), ["b"])
        assert.deepInclude(yield* letters.stats, { written: 5, pending: 5 })
      }),
    )

    keeps(
      "passes its own test and leaves nothing of it",
      Effect.gen(function* () {
        const letters = yield* DeadLetters
        yield* letters.check
        assert.deepStrictEqual(yield* allIds(), [])
      }),
    )
  })
