/** Invented faults: stages that lose or double records. Each must show in the ledger, with an error. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Metric, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { NO_RECORDS } from "../../src/domain/Ledger.ts"
import { openAccount } from "../../src/pipeline/account.ts"
import type { Settled } from "../../src/pipeline/confirm.ts"
import { deliver } from "../../src/pipeline/Delivery.ts"
import { InFlight } from "../../src/pipeline/InFlight.ts"
import type { Feed, Page } from "../../src/sources/Source.ts"
import * as RunStatus from "../../src/status/RunStatus.ts"
import { troublesOf } from "../../src/status/troubles.ts"
import { METRICS } from "../../src/telemetry/metrics.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { freshMetrics } from "../support/counted.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"
import { Chain, FEED, type Record } from "./chain.ts"

const records: ReadonlyArray<Record> = Array.from({ length: 40 }, (_, n) => ({
  serial: n,
  ts: n * 100,
  bad: n === 3,
}))
const passing = (seconds: number) => Effect.repeat(TestClock.adjust("250 millis"), { times: seconds * 4 - 1 })

/** A poll of the chain's records. */
const polled = (change: (feed: Feed) => Feed, faulty: Layer.Layer<InFlight, never, InFlight> | undefined) => {
  const chain = new Chain(records)
  const lines: Array<LogLine> = []
  const lasting = Layer.mergeAll(RunStatus.layer, recordLogs(lines))
  const layer = faulty === undefined ? chain.layer : Layer.provideMerge(faulty, chain.layer)
  return Effect.gen(function* () {
    const polling = yield* Effect.forkChild(
      Effect.raceFirst((yield* Verifier).watch, deliver(change(chain.feed), Option.none())),
    )
    yield* passing(60)
    const { fetched, known, repeated, filtered, dead, written, outstanding } = yield* Fiber.join(polling)
    const snapshot = yield* (yield* RunStatus.RunStatus).snapshot
    return {
      ledger: { fetched, written, known, repeated, filtered, dead, outstanding },
      counts: snapshot.feeds.get(FEED)?.counts,
      troubles: troublesOf(snapshot),
      errors: lines.filter(({ event }) => event === "ledger.unbalanced"),
      unaccounted: (yield* Metric.value(METRICS.recordsUnaccounted.of({ feed: FEED }))).value,
    }
  }).pipe(Effect.provide(Layer.provideMerge(layer, lasting)), freshMetrics)
}
const changed =
  (change: (page: Page, n: number) => Page) =>
  (feed: Feed): Feed => {
    let n = 0
    return { ...feed, poll: (checkpoint) => Stream.map(feed.poll(checkpoint), (page) => change(page, n++)) }
  }
const same = (feed: Feed) => feed

describe("the account of a poll", () => {
  it.effect("balances, and says nothing", () =>
    Effect.gen(function* () {
      const { errors, ledger, troubles, unaccounted } = yield* polled(same, undefined)
      assert.deepStrictEqual(ledger, { ...NO_RECORDS, fetched: 40, written: 39, dead: 1, outstanding: 0 })
      assert.deepStrictEqual([errors, troubles, unaccounted], [[], [], 0])
    }),
  )

  it.effect("tells of a record that the source loses on its way to an envelope, once", () =>
    Effect.gen(function* () {
      const { counts, errors, troubles, unaccounted } = yield* polled(
        changed((page, n) => (n === 1 ? { ...page, envelopes: page.envelopes.slice(1) } : page)),
        undefined,
      )
      assert.lengthOf(errors, 1)
      assert.strictEqual(errors[0]?.level, "Error")
      assert.match(errors[0]?.message ?? "", /^test\/flows: 1 records were fetched of which nobody can say/)
      assert.deepInclude(errors[0]?.fields, { feed: FEED, fetched: 40, unaccounted: 1 })
      assert.strictEqual(counts?.unaccounted, 1)
      assert.strictEqual(unaccounted, 1)
      assert.deepInclude(troubles[0]?.fields, { feed: FEED, unaccounted: 1 })
    }),
  )

  it.effect("tells of an event that is lost between the search and the write", () =>
    Effect.gen(function* () {
      const losing = Layer.effect(
        InFlight,
        Effect.map(InFlight, (below) =>
          InFlight.of({ ...below, take: (events) => Effect.map(below.take(events), (all) => all.slice(1)) }),
        ),
      )
      const { counts, errors } = yield* polled(same, losing)
      // One of each batch.
      assert.lengthOf(errors, 4)
      assert.strictEqual(counts?.unaccounted, 8)
    }),
  )

  it.effect("tells of records that are accounted for twice", () =>
    Effect.gen(function* () {
      const { errors, unaccounted } = yield* polled(
        changed((page, n) => (n === 2 ? { ...page, repeated: 3 } : page)),
        undefined,
      )
      assert.lengthOf(errors, 1)
      assert.match(errors[0]?.message ?? "", /3 records more are accounted for than were fetched/)
      assert.strictEqual(unaccounted, -3)
    }),
  )

  const settled = (written: number, fetchedUpTo: number): Settled => ({
    batch: "b",
    feed: FEED,
    written,
    known: 0,
    dead: 0,
    duplicated: 0,
    attempts: 1,
    writtenAt: 0,
    confirmedAt: 1,
    index: undefined,
    position: Option.none(),
    newest: null,
    ledger: { ...NO_RECORDS, written },
    fetchedUpTo,
  })
  const page = (fetched: number): Page => ({
    fetched,
    envelopes: [],
    position: Option.none(),
    maybeSent: false,
  })

  it.effect(
    "of a poll that never ends tells of a whole batch that is lost as soon as the next is settled",
    () => {
      const lines: Array<LogLine> = []
      return Effect.gen(function* () {
        const account = yield* openAccount(FEED)
        yield* account.settled(settled(5, yield* account.fetched(page(5))))
        assert.lengthOf(lines, 0)
        yield* account.fetched(page(7))
        yield* account.settled(settled(5, yield* account.fetched(page(5))))
        assert.lengthOf(lines, 1)
        assert.deepInclude(lines[0]?.fields, { unaccounted: 7, batch: "b" })
      }).pipe(Effect.provide(recordLogs(lines)))
    },
  )

  it.effect(
    "is told at the end of what is lost last, but not of what a stop has left to the next run",
    () => {
      const lines: Array<LogLine> = []
      return Effect.gen(function* () {
        const account = yield* openAccount(FEED)
        yield* account.fetched(page(5))
        assert.deepInclude(yield* account.closed(true), { fetched: 5, outstanding: 5 })
        assert.lengthOf(lines, 0)
        yield* account.closed(false)
        assert.deepInclude(lines[0]?.fields, { unaccounted: 5 })
      }).pipe(Effect.provide(recordLogs(lines)))
    },
  )
})
