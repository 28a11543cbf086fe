import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { eventsOf, type LogLine, recordLogs } from "../../support/logRecorder.ts"
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
      yield* TestClock.adjust("15 minutes")
      const third = yield* collect(feed, settledUpTo(NOW + 900))
      assert.deepStrictEqual(
        third.map((page) => page.maybeSent),
        [true, false],
      )
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
