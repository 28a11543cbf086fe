import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Verifier } from "../../src/verify/Verifier.ts"
import * as WritingVerifier from "../../src/verify/WritingVerifier.ts"
import { eventsOf, type LogLine, recordLogs } from "../support/logRecorder.ts"
import { FakeIndexer } from "./fakeIndexer.ts"

const HOUR = 3_600_000
const written = (...ids: ReadonlyArray<string>) => ({
  feed: "f",
  batch: "b",
  ids,
  attempt: 1,
  startedAt: 5,
  writtenAt: 6,
})

describe("WritingVerifier", () => {
  it.effect("settles what is written at once, and claims no search", () =>
    Effect.gen(function* () {
      const verifier = yield* Verifier
      const verdict = yield* verifier.confirm(written("a"))
      assert.deepStrictEqual(verdict, { _tag: "Confirmed", confirmedAt: 6, duplicated: 0 })
      const { events, indexer, lagMillis } = yield* verifier.status
      assert.deepStrictEqual([events, indexer, lagMillis], [0, "unknown", undefined])
    }).pipe(Effect.provide(WritingVerifier.layer)),
  )

  it.effect("off: knows what this run has written, and nothing else", () =>
    Effect.gen(function* () {
      const verifier = yield* Verifier
      yield* verifier.confirm(written("a", "b"))
      assert.deepStrictEqual([...(yield* verifier.known({ ids: ["a", "c"], since: 0 })).keys()], ["a"])
    }).pipe(Effect.provide(WritingVerifier.layer)),
  )

  it.effect("forgets the oldest ids, not the newest", () =>
    Effect.gen(function* () {
      const verifier = yield* Verifier
      const id = (n: number) => `event-${n}`
      yield* verifier.confirm(written(...Array.from({ length: 60_000 }, (_, n) => id(n))))
      const known = yield* verifier.known({ ids: [id(0), id(9_999), id(10_000), id(59_999)], since: 0 })
      assert.deepStrictEqual([...known.keys()], [id(10_000), id(59_999)])
    }).pipe(Effect.provide(WritingVerifier.layer)),
  )

  const lookingBack = () => {
    const indexer = new FakeIndexer()
    const lines: Array<LogLine> = []
    const layer = WritingVerifier.layerLookingBack(HOUR).pipe(
      Layer.provide(indexer.layer),
      Layer.provideMerge(recordLogs(lines)),
    )
    const atTenOClock = <A, E>(story: Effect.Effect<A, E, Verifier>) =>
      Effect.andThen(TestClock.setTime(10 * HOUR), Effect.provide(story, layer))
    return { indexer, lines, atTenOClock }
  }

  it.effect("startup-only: looks up what a run before may have written, each of it once", () => {
    const { atTenOClock, indexer } = lookingBack()
    return atTenOClock(
      Effect.gen(function* () {
        const verifier = yield* Verifier
        indexer.index("before")
        yield* verifier.confirm(written("now"))
        const known = yield* verifier.known({ ids: ["before", "now", "new"], since: 9 * HOUR })
        assert.deepStrictEqual([...known.keys()].toSorted(), ["before", "now"])
        assert.deepStrictEqual(indexer.searches, [{ kind: "copies", ids: 2, since: 8 * HOUR }])
        yield* verifier.known({ ids: ["before", "now"], since: 9 * HOUR })
        assert.strictEqual(indexer.searches.length, 1)
      }),
    )
  })

  it.effect("startup-only: does not ask for what happened after the start", () => {
    const { atTenOClock, indexer } = lookingBack()
    return atTenOClock(
      Effect.gen(function* () {
        const verifier = yield* Verifier
        assert.strictEqual((yield* verifier.known({ ids: ["a"], since: 11 * HOUR + 1 })).size, 0)
        assert.isEmpty(indexer.searches)
      }),
    )
  })

  it.effect("startup-only: an indexer that does not answer holds nothing up, and that is warned of", () => {
    const { atTenOClock, indexer, lines } = lookingBack()
    indexer.failing = "unreachable"
    return atTenOClock(
      Effect.gen(function* () {
        const verifier = yield* Verifier
        assert.strictEqual((yield* verifier.known({ ids: ["a"], since: 0 })).size, 0)
        assert.deepStrictEqual(eventsOf(lines), ["verify.not_searched"])
      }),
    )
  })
})
