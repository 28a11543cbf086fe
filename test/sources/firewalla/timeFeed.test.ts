import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { eventsOf, type LogLine, quiet, recordLogs } from "../../support/logRecorder.ts"
import { fakeMsp } from "./fakeMsp.ts"
import {
  checkpointOf,
  collect,
  collectAll,
  feedOf,
  flowAt,
  idsOf,
  positionsOf,
  settledUpTo,
} from "./feeds.ts"

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

describe("pages of a poll", () => {
  const ends: Record<string, Readonly<Record<string, unknown>>> = {
    null: { next_cursor: null },
    empty: { next_cursor: "" },
    absent: {},
  }
  for (const [name, end] of Object.entries(ends)) {
    it.effect(`end where next_cursor is ${name}, whatever count says`, () =>
      Effect.gen(function* () {
        yield* atNow
        const fake = fakeMsp(alarms(5))
        fake.bend = ({ results, next_cursor }) =>
          next_cursor === null ? { count: 99, results, ...end } : { count: 0, results, next_cursor }
        const pages = yield* collect(yield* feedOf("alarms", fake))
        assert.deepStrictEqual(aidsOf(pages), [0, 1, 2, 3, 4])
        assert.strictEqual(fake.asked.length, 2)
      }),
    )
  }

  it.effect("end in an error where a cursor comes again, after the pages that were read", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp(alarms(9))
      fake.bend = (body, { cursor }) => (cursor === "c3" ? { ...body, next_cursor: "c3" } : body)
      const { error, pages } = yield* collectAll(yield* feedOf("alarms", fake))
      assert.deepStrictEqual(error?.reason, { _tag: "RepeatedCursor", page: 2 })
      assert.deepStrictEqual(aidsOf(pages), [0, 1, 2])
      assert.deepStrictEqual(positionsOf(pages), [at(20)])
    }),
  )

  it.effect("carry the envelope's fields and the record itself", () =>
    Effect.gen(function* () {
      yield* atNow
      const record = alarm(7, 0)
      const [page] = yield* collect(yield* feedOf("alarms", fakeMsp([record])))
      const envelope = page?.envelopes[0]
      assert.strictEqual(envelope?.payload, record)
      assert.strictEqual(envelope?.source, "firewalla-msp")
      assert.strictEqual(envelope?.source_type, "firewalla:alarm")
      assert.strictEqual(envelope?.format, "json")
      assert.deepStrictEqual(envelope?.attributes, { host: "fake.test" })
      assert.strictEqual(envelope?.received_at, new Date(NOW * 1000).toISOString())
    }),
  )

  it.effect("ask for the time, the order, the size and the filter", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp()
      yield* collect(yield* feedOf("flows", fake, { query: "-category:ad", pageSize: 500 }, { box: "B:1" }))
      assert.deepStrictEqual(fake.asked[0]?.request.params, {
        query: `ts:${at(0)}.000-${NOW}.000 box.id:"B:1" -category:ad`,
        sortBy: "ts:asc",
        limit: "500",
      })
    }),
  )

  it.effect("hold the notable flows only, where that is asked, and move on all the same", () =>
    Effect.gen(function* () {
      yield* atNow
      const flows = [1, 2, 3, 4].map((n) => flowAt(at(n), { category: n === 4 ? "" : "social" }))
      const pages = yield* collect(yield* feedOf("flows", fakeMsp(flows), { only: "notable" }))
      assert.deepStrictEqual(
        pages.map((page) => page.envelopes.length),
        [0, 1],
      )
      assert.deepStrictEqual(positionsOf(pages), [at(3), NOW])
    }),
  )
})

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

describe("the window", () => {
  it.effect("catches by its overlap what the API has only later, with the id of its record", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([flowAt(at(3000))])
      const feed = yield* feedOf("flows", fake, { overlap: Duration.minutes(30) })
      const first = yield* collect(feed)
      fake.records.push(flowAt(at(2500), { sport: 1 }))
      yield* TestClock.adjust("5 minutes")
      const second = yield* collect(feed, settledUpTo(NOW))
      assert.deepStrictEqual(second.flatMap((page) => page.envelopes).length, 2)
      assert.include(idsOf(second), idsOf(first)[0])
    }),
  )

  it.effect("is all possibly sent in the first poll, and later only as far as it was asked for", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp()
      const feed = yield* feedOf("flows", fake, {
        overlap: Duration.minutes(10),
        slice: Duration.minutes(20),
      })
      const first = yield* collect(feed, settledUpTo(at(0)))
      assert.deepStrictEqual(
        first.map((page) => page.maybeSent),
        [true, true, true, true],
      )
      yield* TestClock.adjust("15 minutes")
      const second = yield* collect(feed, settledUpTo(NOW))
      assert.deepStrictEqual(
        second.map((page) => page.maybeSent),
        [true, false],
      )
      assert.deepStrictEqual(positionsOf(second), [NOW, NOW + 900])
    }),
  )

  it.effect("is possibly sent up to the first poll's end, also when that poll failed early", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp()
      fake.before = ({ nth }) => (nth === 1 ? { _tag: "TimedOut", afterMillis: 1 } : undefined)
      const feed = yield* feedOf("flows", fake, { slice: Duration.minutes(20) })
      yield* collectAll(feed, settledUpTo(at(0)))
      yield* TestClock.adjust("5 minutes")
      const again = yield* collect(feed, settledUpTo(at(0)))
      assert.deepStrictEqual(
        again.map((page) => page.maybeSent),
        [true, true, true, false],
      )
    }),
  )

  it.effect("of alarms is always possibly sent, since their ids do not hold their time", () =>
    Effect.gen(function* () {
      yield* atNow
      const feed = yield* feedOf("alarms", fakeMsp())
      yield* collect(feed)
      yield* TestClock.adjust("5 minutes")
      const [page] = yield* collect(feed, settledUpTo(NOW))
      assert.isTrue(page?.maybeSent)
    }),
  )

  it.effect("says what it leaves out because the API no longer has it", () => {
    const lines: Array<LogLine> = []
    return Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp()
      yield* collect(
        yield* feedOf("flows", fake, {}, { retention: Duration.hours(1) }),
        settledUpTo(at(-7200)),
      )
      assert.strictEqual(fake.asked[0]?.from, at(0))
      assert.deepStrictEqual(eventsOf(lines), ["source.beyond_retention"])
      assert.include(lines[0]?.message, "2024-05-04T21:46:40.000Z to 2024-05-04T23:46:40.000Z")
    }).pipe(Effect.provide(recordLogs(lines)))
  })

  it.effect("is empty right after a poll, and nothing is yielded", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp()
      assert.deepStrictEqual(yield* collect(yield* feedOf("flows", fake), settledUpTo(NOW)), [])
      assert.deepStrictEqual(fake.asked, [])
    }),
  )

  it.effect("of no length sets the checkpoint of a first run", () =>
    Effect.gen(function* () {
      yield* atNow
      const pages = yield* collect(yield* feedOf("flows", fakeMsp(), { firstRun: Duration.zero }))
      assert.deepStrictEqual(positionsOf(pages), [NOW])
    }),
  )

  it.effect("goes back to now where the checkpoint is in the future", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([flowAt(at(3500))])
      const feed = yield* feedOf("flows", fake, { overlap: Duration.minutes(5) })
      const pages = yield* collect(feed, settledUpTo(NOW + 600))
      assert.deepStrictEqual(positionsOf(pages), [NOW])
      assert.strictEqual(idsOf(pages).length, 1)
    }),
  )

  it.effect("is refused with a checkpoint of another kind", () =>
    Effect.gen(function* () {
      yield* atNow
      const inventory = checkpointOf({ kind: "inventory", generation: 0, devices: [] })
      const { error } = yield* collectAll(yield* feedOf("flows", fakeMsp()), inventory)
      assert.include(error?.message, "not one of a time series")
    }),
  )
})

describe("odd records", () => {
  it.effect("become envelopes beside good ones and do not touch the position", () =>
    Effect.gen(function* () {
      yield* atNow
      const odd = [null, "text", 7, { gid: "G", aid: 3 }, { ts: "never" }]
      const fake = fakeMsp([alarm(1, 10), ...odd, alarm(2, 20), alarm(4, 30)])
      fake.sort = (records) => records
      const pages = yield* collect(yield* feedOf("alarms", fake, { pageSize: 7 }))
      assert.deepStrictEqual(
        pages.flatMap((page) => page.envelopes.map(({ payload }) => payload)),
        [...fake.records],
      )
      assert.strictEqual(new Set(idsOf(pages)).size, 8)
      assert.deepStrictEqual(positionsOf(pages), [20, 3600].map(at))
    }),
  )

  it.effect("with ts as text are read like the others", () =>
    Effect.gen(function* () {
      yield* atNow
      const record = { ...alarm(1, 10), ts: String(at(10)) }
      const pages = yield* collect(yield* feedOf("alarms", fakeMsp([record, alarm(2, 20)])))
      assert.deepStrictEqual(aidsOf(pages), [1, 2])
    }),
  )

  it.effect("outside of the time asked for are left to the slice they belong to, with a warning", () => {
    const lines: Array<LogLine> = []
    return Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([alarm(1, 10)])
      fake.bend = (body) => ({ ...body, results: [alarm(8, -500), alarm(1, 10), alarm(9, 3600)] })
      const pages = yield* collect(yield* feedOf("alarms", fake))
      assert.deepStrictEqual(aidsOf(pages), [1])
      assert.deepStrictEqual(eventsOf(lines), ["source.outside_slice"])
      assert.strictEqual(lines[0]?.fields.records, 1)
    }).pipe(Effect.provide(recordLogs(lines)))
  })

  it.effect("that repeat an alarm on one page are one alarm", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([alarm(1, 10), { ...alarm(1, 10), status: 2 }, alarm(2, 10)])
      assert.deepStrictEqual(aidsOf(yield* collect(yield* feedOf("alarms", fake))), [1, 2])
    }),
  )
})
