import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as SearchingVerifier from "../../src/verify/SearchingVerifier.ts"
import { Verifier, type Written } from "../../src/verify/Verifier.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"
import { FakeIndexer } from "./fakeIndexer.ts"

const options: SearchingVerifier.VerifierOptions = {
  minInterval: Duration.millis(250),
  maxInterval: Duration.seconds(5),
  warnAfter: Duration.minutes(1),
  clockSkew: Duration.hours(1),
  maxIdsPerSearch: 4,
}

const writtenTo = (indexer: FakeIndexer, batch: string, ids: ReadonlyArray<string>): Written => {
  indexer.batches.set(batch, new Set(ids))
  return written(batch, ids)
}

const written = (batch: string, ids: ReadonlyArray<string>): Written => ({
  feed: "firewalla-msp/flows",
  batch,
  ids,
  attempt: 1,
  startedAt: 0,
  writtenAt: 0,
})

/** Runs `steps` beside the watching loop. */
const withVerifier = <A, E>(
  steps: (indexer: FakeIndexer, lines: ReadonlyArray<LogLine>) => Effect.Effect<A, E, Verifier>,
) => {
  const indexer = new FakeIndexer()
  const lines: Array<LogLine> = []
  return Effect.gen(function* () {
    const verifier = yield* Verifier
    return yield* Effect.raceFirst(verifier.watch, steps(indexer, lines))
  }).pipe(
    Effect.provide(SearchingVerifier.layer(options).pipe(Layer.provide(indexer.layer))),
    Effect.provide(recordLogs(lines)),
  )
}

const seconds = (n: number) => Effect.repeat(TestClock.adjust("250 millis"), { times: n * 4 - 1 })

describe("SearchingVerifier", () => {
  it.effect("confirms a write when each of its events has been returned, and not before", () =>
    withVerifier((indexer) =>
      Effect.gen(function* () {
        const verifier = yield* Verifier
        const fiber = yield* Effect.forkChild(verifier.confirm(writtenTo(indexer, "b1", ["a", "b", "c"])))
        indexer.index("a", "b")
        yield* seconds(600)
        assert.isUndefined(fiber.pollUnsafe())
        indexer.index("c")
        yield* seconds(6)
        const verdict = yield* Fiber.join(fiber)
        assert.deepInclude(verdict, { _tag: "Confirmed", duplicated: 0 })
        assert.strictEqual((yield* verifier.status).events, 0)
      }),
    ),
  )

  it.effect("is not deceived by a count that fits because one is double and one is missing", () =>
    withVerifier((indexer) =>
      Effect.gen(function* () {
        const verifier = yield* Verifier
        const fiber = yield* Effect.forkChild(verifier.confirm(writtenTo(indexer, "b1", ["a", "b"])))
        indexer.index("a", "a")
        yield* seconds(60)
        assert.isUndefined(fiber.pollUnsafe())
        indexer.index("b")
        yield* seconds(6)
        assert.deepInclude(yield* Fiber.join(fiber), { _tag: "Confirmed", duplicated: 1 })
      }),
    ),
  )

  it.effect("confirms later writes while an earlier one is held", () =>
    withVerifier((indexer) =>
      Effect.gen(function* () {
        const verifier = yield* Verifier
        const held = yield* Effect.forkChild(verifier.confirm(writtenTo(indexer, "b1", ["a", "b", "c"])))
        const later = yield* Effect.forkChild(verifier.confirm(writtenTo(indexer, "b2", ["d", "e", "f"])))
        indexer.index("d", "e", "f")
        yield* seconds(6)
        assert.strictEqual((yield* Fiber.join(later))._tag, "Confirmed")
        assert.isUndefined(held.pollUnsafe())
      }),
    ),
  )

  it.effect("warns with feed, batch, how many and since when, once a minute", () =>
    withVerifier((indexer, lines) =>
      Effect.gen(function* () {
        const verifier = yield* Verifier
        indexer.index("a")
        yield* Effect.forkChild(verifier.confirm(writtenTo(indexer, "b1", ["a", "b", "c"])))
        yield* seconds(59)
        assert.deepStrictEqual(lines, [])
        yield* seconds(2 * 60 + 6)
        const warnings = lines.filter((line) => line.event === "batch.unconfirmed")
        assert.strictEqual(warnings.length, 3)
        assert.deepInclude(warnings[0]?.fields, {
          feed: "firewalla-msp/flows",
          batch: "b1",
          missing: 2,
          events: 3,
          since: "1970-01-01T00:00:00.000Z",
        })
      }),
    ),
  )

  it.effect("holds while the indexer is away, says so once, and goes on when it is back", () =>
    withVerifier((indexer, lines) =>
      Effect.gen(function* () {
        const verifier = yield* Verifier
        indexer.failing = "unreachable"
        indexer.index("a")
        const fiber = yield* Effect.forkChild(verifier.confirm(writtenTo(indexer, "b1", ["a"])))
        const lookUp = yield* Effect.forkChild(verifier.known({ ids: ["a", "z"], since: 0 }))
        yield* seconds(50)
        assert.strictEqual((yield* verifier.status).indexer, "unavailable")
        assert.strictEqual(lines.filter((line) => line.event === "indexer.unavailable").length, 1)
        assert.isUndefined(fiber.pollUnsafe())
        indexer.failing = undefined
        yield* seconds(11)
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "Confirmed")
        assert.deepStrictEqual([...(yield* Fiber.join(lookUp)).keys()], ["a"])
        assert.strictEqual(lines.filter((line) => line.event === "indexer.available").length, 1)
      }),
    ),
  )

  it.effect("counts, then asks for what has come, in bounded searches and once", () =>
    withVerifier((indexer) =>
      Effect.gen(function* () {
        const verifier = yield* Verifier
        const idsOf = (batch: string) => Array.from({ length: 3 }, (_, n) => `${batch}-${n}`)
        const confirming = yield* Effect.forEach(["b1", "b2", "b3", "b4"], (batch) =>
          Effect.forkChild(verifier.confirm(writtenTo(indexer, batch, idsOf(batch)))),
        )
        yield* seconds(1)
        assert.isTrue(indexer.searches.length > 0)
        assert.isTrue(indexer.searches.every(({ kind, ids }) => kind === "tally" && ids === 2))
        assert.strictEqual(indexer.searches[0]?.since, -Duration.toMillis(options.clockSkew))

        // Four documents a search at most: two batches are counted, and asked for apart; then the others are.
        indexer.index(...idsOf("b1"), ...idsOf("b2"), "b3-2")
        indexer.searches.length = 0
        yield* seconds(2)
        assert.deepStrictEqual(
          indexer.searches.filter(({ kind }) => kind !== "tally").map(({ kind, ids }) => [kind, ids]),
          [
            ["ofBatches", 3],
            ["ofBatches", 3],
            ["places", 1],
            ["shards", 0],
            ["ofBatches", 3],
          ],
        )
        assert.deepStrictEqual(
          confirming.map((fiber) => fiber.pollUnsafe() !== undefined),
          [true, true, false, false],
        )
      }),
    ),
  )

  it.effect("asks again when more of a write has come, and not before", () =>
    withVerifier((indexer) =>
      Effect.gen(function* () {
        const verifier = yield* Verifier
        yield* Effect.forkChild(verifier.confirm(writtenTo(indexer, "b1", ["a", "b", "c", "d"])))
        const later = yield* Effect.forkChild(verifier.confirm(writtenTo(indexer, "b2", ["f"])))
        indexer.index("b", "f")
        yield* seconds(6)
        yield* Fiber.join(later)
        assert.strictEqual((yield* verifier.status).events, 3)
      }),
    ),
  )

  it.effect("asks nothing while nothing is outstanding", () =>
    withVerifier((indexer) =>
      seconds(600).pipe(Effect.map(() => assert.strictEqual(indexer.searches.length, 0))),
    ),
  )
})
