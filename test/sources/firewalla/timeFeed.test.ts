import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { firewallaFeedsNoDeps } from "../../../src/sources/firewalla/layer.ts"
import { Feeds } from "../../../src/sources/Source.ts"
import { eventsOf, type LogLine, recordLogs } from "../../support/logRecorder.ts"
import { fakeMsp, layerFake } from "./fakeMsp.ts"
import {
  checkpointOf,
  collect,
  collectAll,
  feedOf,
  flowAt,
  idsOf,
  named,
  optionsWith,
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

describe("settings that change while it runs", () => {
  it.effect("hold from the next poll on; all pages of a poll are answers to one query", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp(alarms(5))
      let options = optionsWith({}, { pageSize: 2, query: "type:1" })
      const context = yield* Layer.build(
        firewallaFeedsNoDeps(() => options).pipe(Layer.provide(layerFake(fake))),
      )
      const feed = yield* named("alarms", Context.get(context, Feeds))
      fake.before = ({ nth }) => {
        if (nth === 1)
          options = optionsWith(
            {},
            { pageSize: 4, query: "type:2", overlap: Duration.minutes(5), interval: Duration.minutes(1) },
          )
        return undefined
      }
      yield* collect(feed)
      const asked = () => fake.asked.map(({ request: { params } }) => [params.limit, params.query?.slice(-6)])
      assert.deepStrictEqual(asked(), [
        ["2", "type:1"],
        ["2", "type:1"],
        ["2", "type:1"],
      ])
      assert.strictEqual(Duration.toMinutes(feed.interval()), 1)
      yield* collect(feed, checkpointOf({ kind: "time", up_to: NOW * 1000 }))
      assert.deepStrictEqual(asked().slice(3), [["4", "type:2"]])
      assert.strictEqual(fake.asked.at(-1)?.from, NOW - 300)
    }).pipe(Effect.scoped),
  )
})

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

  it.effect("outside of the time asked for are delivered, looked for before, with a warning", () => {
    const lines: Array<LogLine> = []
    return Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([alarm(1, 10)])
      fake.bend = (body) => ({ ...body, results: [alarm(8, -500), alarm(1, 10), alarm(9, 3600)] })
      const pages = yield* collect(yield* feedOf("alarms", fake))
      assert.deepStrictEqual(aidsOf(pages), [8, 1])
      // What lies on the end comes again with the next slice.
      assert.deepInclude(pages[0], { fetched: 3, repeated: 1, maybeSent: true })
      assert.deepStrictEqual(positionsOf(pages), [NOW])
      assert.deepStrictEqual(eventsOf(lines), ["source.outside_slice"])
      assert.strictEqual(lines[0]?.fields.records, 1)
    }).pipe(Effect.provide(recordLogs(lines)))
  })

  it.effect("whose time can't be right are refused, each with why", () =>
    Effect.gen(function* () {
      yield* atNow
      const millis = { ...alarm(7, 20), ts: at(20) * 1000 }
      const wrong = [millis, { ...alarm(8, 0), ts: 5 }, alarm(9, 3601), { ...alarm(10, 0), ts: 1e300 }]
      const fake = fakeMsp()
      fake.bend = (body) => ({ ...body, results: [alarm(1, 10), ...wrong] })
      const [page] = yield* collect(yield* feedOf("alarms", fake))
      assert.deepStrictEqual(
        page?.refused?.map(({ envelope }) => envelope.payload),
        wrong,
      )
      assert.lengthOf(page?.envelopes ?? [], 1)
      assert.match(page?.refused?.[0]?.message ?? "", /its ts of 1714866420000 .* looks like milliseconds/)
      assert.notInclude(page?.refused?.[1]?.message, "milliseconds")
    }),
  )

  it.effect(
    "outside of their slice move no position within it, and are looked for again with their own",
    () =>
      Effect.gen(function* () {
        yield* atNow
        const flows = [10, 20, 30, 40].map((offset) => flowAt(at(offset)))
        const fake = fakeMsp(flows)
        const feed = yield* feedOf("flows", fake, { pageSize: 2, slice: Duration.minutes(30) })
        yield* collect(feed)
        yield* TestClock.adjust("1 hour")
        const early = flowAt(at(3600 + 2000))
        fake.records = [flowAt(at(3610)), flowAt(at(3620)), flowAt(at(3630)), early]
        fake.bend = (body, { from }) =>
          from === NOW && Array.isArray(body.results) && body.next_cursor !== null
            ? { ...body, results: [early, ...body.results] }
            : body
        const pages = yield* collect(feed, settledUpTo(NOW))
        assert.deepStrictEqual(
          pages.map(({ envelopes, maybeSent }) => [envelopes.length, maybeSent]),
          [
            [3, true],
            [1, false],
            // The slice of the early one, as far as it may have been sent.
            [1, true],
            [0, false],
          ],
        )
        assert.deepStrictEqual(positionsOf(pages), [at(3620), NOW + 1800, NOW + 2001, NOW + 3600])
        assert.strictEqual(pages[0]?.envelopes[0]?.id, pages[2]?.envelopes[0]?.id)
      }),
  )

  it.effect("that are not wanted, or listed twice, are counted and not skipped", () =>
    Effect.gen(function* () {
      yield* atNow
      const quiet = flowAt(at(10), { category: { name: "games" } })
      const pages = yield* collect(
        yield* feedOf("flows", fakeMsp([quiet, flowAt(at(20), { block: true })]), { only: "notable" }),
      )
      assert.deepInclude(pages[0], { fetched: 2, filtered: 1, repeated: 0 })
      const [twice] = yield* collect(yield* feedOf("alarms", fakeMsp([alarm(1, 10), alarm(1, 10)])))
      assert.deepInclude(twice, { fetched: 2, filtered: 0, repeated: 1 })
    }),
  )

  it.effect("that repeat an alarm on one page are one alarm", () =>
    Effect.gen(function* () {
      yield* atNow
      const fake = fakeMsp([alarm(1, 10), { ...alarm(1, 10), status: 2 }, alarm(2, 10)])
      assert.deepStrictEqual(aidsOf(yield* collect(yield* feedOf("alarms", fake))), [1, 2])
    }),
  )
})
