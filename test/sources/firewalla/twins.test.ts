/** Repeats and twins: a record that comes on two pages is one event, two equal records are two. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { eventsOf, type LogLine, quiet, recordLogs } from "../../support/logRecorder.ts"
import { type FakeMsp, fakeMsp } from "./fakeMsp.ts"
import { checkpointOf, collect, feedOf, flowAt, idsOf, settledUpTo } from "./feeds.ts"

const NOW = 1_714_870_000
const at = (offset: number) => NOW - 3600 + offset
const atNow = TestClock.setTime(NOW * 1000)

/** Flows of these seconds; a letter tells flows of one second apart, and equal ones are twins. */
const flowsOf = (...names: ReadonlyArray<string>) => names.map(flowNamed)
const flowNamed = (name: string) =>
  flowAt(at(Number(name.replace(/\D/g, ""))), { protocol: name.replace(/\d/g, "") || "tcp" })

/** A late flow lands before the place of page `nth`'s cursor, so that the rows behind it shift. */
const landsBefore = (fake: FakeMsp, nth: number, ...late: ReadonlyArray<string>) => {
  fake.before = (asked) => {
    if (asked.nth === nth) fake.records = [...flowsOf(...late), ...fake.records]
    return undefined
  }
}

const cleanIds = Effect.fnUntraced(function* (records: ReadonlyArray<unknown>) {
  const feed = yield* feedOf("flows", fakeMsp(records), { pageSize: 500 })
  return idsOf(yield* collect(feed)).toSorted()
})

const idsOver = Effect.fnUntraced(function* (fake: FakeMsp, pageSize = 3) {
  const feed = yield* feedOf("flows", fake, { pageSize })
  return idsOf(yield* collect(feed)).toSorted()
})

describe("equal records", () => {
  it.effect("on one page are twins, and keep their ids when the second is read again", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp(flowsOf("1", "1", "1"))
      const first = yield* idsOver(fake)
      assert.strictEqual(new Set(first).size, 3)
      assert.deepStrictEqual(yield* idsOver(fake), first)
      assert.strictEqual(fake.asked.length, 2)
    }),
  )

  for (const pageSize of [1, 2, 3, 4]) {
    it.effect(`over page borders are twins (${pageSize} a page)`, () =>
      Effect.gen(function* () {
        yield* atNow
        const records = flowsOf("1", "2", "2", "2", "3", "4", "4")
        const ids = yield* idsOver(fakeMsp(records), pageSize)
        assert.deepStrictEqual(ids, yield* cleanIds(records))
        assert.strictEqual(new Set(ids).size, ids.length)
      }).pipe(Effect.provide(quiet)),
    )
  }

  it.effect("on two pages are settled by reading their second alone", () => {
    const lines: Array<LogLine> = []
    return Effect.gen(function* () {
      yield* atNow
      const records = flowsOf("1", "2", "5", "5", "6")
      const fake = fakeMsp(records)
      assert.deepStrictEqual(yield* idsOver(fake), yield* cleanIds(records))
      assert.deepStrictEqual(
        fake.asked.map(({ from, to }) => [from, to]),
        [
          [at(0), NOW],
          [at(0), NOW],
          [at(5), at(6)],
        ],
      )
      assert.deepStrictEqual(eventsOf(lines), ["source.settled_second"])
    }).pipe(Effect.provide(recordLogs(lines)))
  })
})

describe("equal records in a second that does not fit on one page", () => {
  it.effect("count as often as the page with most of them has them", () =>
    Effect.gen(function* () {
      yield* atNow
      const many = Array.from({ length: 600 }, (_, n) => flowAt(at(5), { sport: n }))
      const twins = flowsOf("5", "5", "5")
      const fake = fakeMsp([...many.slice(0, 298), ...twins, ...many.slice(298)])
      const feed = yield* feedOf("flows", fake, { pageSize: 300 })
      // Two of the three lie on the first page, one on the second.
      assert.strictEqual(idsOf(yield* collect(feed)).length, 602)
    }).pipe(Effect.provide(quiet)),
  )
})

describe("a record that comes on two pages", () => {
  it.effect("is one event when a late one shifts it over the border", () =>
    Effect.gen(function* () {
      yield* atNow
      const records = flowsOf("2", "3", "4", "5", "6")
      const fake = fakeMsp(records)
      landsBefore(fake, 2, "1")
      assert.deepStrictEqual(yield* idsOver(fake), yield* cleanIds(records))
    }).pipe(Effect.provide(quiet)),
  )

  it.effect("is one event when a whole page shifts, over several seconds", () =>
    Effect.gen(function* () {
      yield* atNow
      const records = flowsOf("4", "5", "6", "7", "8")
      const fake = fakeMsp(records)
      landsBefore(fake, 2, "1", "2", "3")
      const feed = yield* feedOf("flows", fake, { pageSize: 3 })
      const pages = yield* collect(feed)
      assert.deepStrictEqual(idsOf(pages).toSorted(), yield* cleanIds(records))
      assert.deepStrictEqual(
        pages.map((page) => page.envelopes.length),
        [3, 0, 2],
      )
    }).pipe(Effect.provide(quiet)),
  )

  it.effect("is one event, and its twin another, when both lie at the border", () =>
    Effect.gen(function* () {
      yield* atNow
      const records = flowsOf("2", "3", "5", "5", "6")
      const fake = fakeMsp(records)
      landsBefore(fake, 2, "1")
      assert.deepStrictEqual(yield* idsOver(fake), yield* cleanIds(records))
    }).pipe(Effect.provide(quiet)),
  )

  it.effect("does not make the records out of order", () => {
    const lines: Array<LogLine> = []
    return Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp(flowsOf("2", "3", "4", "5", "6", "7", "8"))
      landsBefore(fake, 2, "1")
      yield* idsOver(fake)
      assert.notInclude(eventsOf(lines), "source.unsorted")
    }).pipe(Effect.provide(recordLogs(lines)))
  })
})

const Second = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 }))
const Story = {
  records: Schema.Array(Schema.Struct({ second: Second, kind: Schema.Literals(["a", "b"]) })).check(
    Schema.isMaxLength(25),
  ),
  pageSize: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 8 })),
  sliceSeconds: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 })),
  late: Schema.Array(
    Schema.Struct({
      second: Second,
      kind: Schema.Literals(["a", "b"]),
      beforeRequest: Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 8 })),
    }),
  ).check(Schema.isMaxLength(4)),
}
const window = { firstRun: Duration.seconds(20) }
const nameOf = ({ second, kind }: { readonly second: number; readonly kind: string }) =>
  flowAt(NOW - 20 + second, { protocol: kind })

describe("whatever the records, page size and slices", () => {
  it.effect.prop(
    "every record is yielded once, and from every position all that was not yielded is found again",
    Story,
    ({ records, pageSize, sliceSeconds }) =>
      Effect.gen(function* () {
        yield* atNow
        const settings = { ...window, pageSize, slice: Duration.seconds(sliceSeconds) }
        const fake = fakeMsp(records.map(nameOf))
        const pages = yield* collect(yield* feedOf("flows", fake, settings))
        const ids = idsOf(pages)
        assert.strictEqual(ids.length, records.length)
        assert.strictEqual(new Set(ids).size, records.length)
        for (const [index, page] of pages.entries()) {
          if (page.position._tag === "None") continue
          const rest = yield* collect(
            yield* feedOf("flows", fakeMsp(fake.records), settings),
            checkpointOf(page.position.value),
          )
          const found = new Set([...idsOf(pages.slice(0, index + 1)), ...idsOf(rest)])
          assert.strictEqual(found.size, records.length)
        }
      }).pipe(Effect.provide(quiet)),
    { arbitrary: { runs: 150 } },
  )

  it.effect.prop(
    "late records during a poll make no event that is none, and the next poll finds them",
    Story,
    ({ records, pageSize, sliceSeconds, late }) =>
      Effect.gen(function* () {
        yield* atNow
        const settings = {
          ...window,
          pageSize,
          slice: Duration.seconds(sliceSeconds),
          overlap: Duration.seconds(20),
        }
        const fake = fakeMsp(records.map(nameOf))
        fake.before = ({ nth }) => {
          fake.records = [...late.filter((one) => one.beforeRequest === nth).map(nameOf), ...fake.records]
          return undefined
        }
        const feed = yield* feedOf("flows", fake, settings)
        const during = idsOf(yield* collect(feed))
        fake.before = () => undefined
        assert.strictEqual(new Set(during).size, during.length)
        const after = idsOf(yield* Stream.runCollect(feed.poll(settledUpTo(NOW))))
        assert.strictEqual(new Set(after).size, fake.records.length)
        assert.deepStrictEqual(
          during.filter((id) => !after.includes(id)),
          [],
        )
      }).pipe(Effect.provide(quiet)),
    { arbitrary: { runs: 150 } },
  )
})
