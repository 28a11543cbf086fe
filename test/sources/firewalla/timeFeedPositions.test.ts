import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { eventsOf, type LogLine, quiet, recordLogs } from "../../support/logRecorder.ts"
import { fakeMsp } from "./fakeMsp.ts"
import { collect, collectAll, feedOf, type idsOf, positionsOf, settledUpTo } from "./feeds.ts"

/** Now, in every test: seconds. Records lie in the hour before. */
const NOW = 1_714_870_000
const at = (offset: number) => NOW - 3600 + offset
const atNow = TestClock.setTime(NOW * 1000)

const alarm = (aid: number, offset: number) => ({ gid: "G", aid, type: 1, ts: at(offset) })
const alarms = (count: number) => Array.from({ length: count }, (_, n) => alarm(n, n * 10))
const aidsOf = (pages: Parameters<typeof idsOf>[0]) =>
  pages.flatMap((page) =>
    page.envelopes.map(({ payload }) =>
      typeof payload === "object" && payload !== null && "aid" in payload ? payload.aid : undefined,
    ),
  )

describe("positions", () => {
  it.effect("stop at the beginning of a second that a page border cuts", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([1, 5.1, 5.2, 5.3, 5.9, 9].map((offset, aid) => alarm(aid, offset)))
      const feed = yield* feedOf("alarms", fake)
      const pages = yield* collect(feed)
      assert.deepStrictEqual(positionsOf(pages), [at(5), NOW])
      const rest = yield* collect(yield* feedOf("alarms", fake), settledUpTo(at(5)))
      assert.deepStrictEqual(aidsOf(rest), [1, 2, 3, 4, 5])
    }),
  )

  it.effect("follow a gap slice by slice, also where a slice is empty", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([alarm(1, 100), alarm(2, 700), alarm(3, 3500)])
      const feed = yield* feedOf("alarms", fake, { slice: Duration.minutes(10) })
      const pages = yield* collect(feed)
      assert.deepStrictEqual(positionsOf(pages), [600, 1200, 1800, 2400, 3000, 3600].map(at))
      assert.deepStrictEqual(aidsOf(pages), [1, 2, 3])
    }),
  )

  it.effect("take a record on the border of two slices once", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([alarm(1, 599.999), alarm(2, 600), alarm(3, 600.001)])
      const pages = yield* collect(yield* feedOf("alarms", fake, { slice: Duration.minutes(10) }))
      assert.deepStrictEqual(
        pages.slice(0, 2).map((page) => page.envelopes.length),
        [1, 2],
      )
      assert.deepStrictEqual(aidsOf(pages), [1, 2, 3])
    }),
  )

  it.effect("never go below the checkpoint while the overlap is read", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp(alarms(10))
      const feed = yield* feedOf("alarms", fake, { overlap: Duration.minutes(5) })
      const pages = yield* collect(feed, settledUpTo(at(60)))
      assert.deepStrictEqual(aidsOf(pages), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      assert.deepStrictEqual(positionsOf(pages), [60, 60, 80, 3600].map(at))
    }),
  )

  it.effect("stay where they are until the slice's end if records come newest first", () => {
    const lines: Array<LogLine> = []
    return Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp(alarms(5))
      const ascending = fake.sort
      fake.sort = (records) => ascending(records).toReversed()
      const pages = yield* collect(yield* feedOf("alarms", fake, { pageSize: 1 }))
      assert.deepStrictEqual(aidsOf(pages), [4, 3, 2, 1, 0])
      assert.deepStrictEqual(positionsOf(pages), [0, 0, 0, 0, 3600].map(at))
      assert.deepStrictEqual(eventsOf(lines), ["source.unsorted"])
    }).pipe(Effect.provide(recordLogs(lines)))
  })

  it.effect("stop for the rest of the slice once a record goes back in time", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([1, 2, 9, 3, 10, 11, 12, 13, 14].map((offset, aid) => alarm(aid, offset)))
      fake.sort = (records) => records
      const pages = yield* collect(yield* feedOf("alarms", fake))
      assert.deepStrictEqual(positionsOf(pages), [9, 9, 3600].map(at))
    }).pipe(Effect.provide(quiet)),
  )

  it.effect("are right after a page in the middle failed", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp(alarms(12))
      fake.before = ({ nth }) => (nth === 3 ? { _tag: "ServerError", status: 500, detail: "" } : undefined)
      const feed = yield* feedOf("alarms", fake)
      const first = yield* collectAll(feed)
      assert.strictEqual(first.error?.reason._tag, "ServerError")
      assert.deepStrictEqual(positionsOf(first.pages), [20, 50].map(at))
      const second = yield* collect(feed, settledUpTo(at(50)))
      assert.deepStrictEqual([...aidsOf(first.pages), ...aidsOf(second).slice(1)], [...Array(12).keys()])
      assert.isTrue(second.every((page) => page.maybeSent))
    }),
  )
})
