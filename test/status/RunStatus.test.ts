import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { runFeed } from "../../src/pipeline/FeedRunner.ts"
import { Stop } from "../../src/pipeline/Stop.ts"
import * as Run from "../../src/status/RunStatus.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { Chain, FEED, type Record } from "../pipeline/chain.ts"
import { withoutLogs } from "../support/logRecorder.ts"

const records: ReadonlyArray<Record> = Array.from({ length: 40 }, (_, n) => ({
  serial: n,
  ts: n * 100,
  bad: n === 3,
}))
const passing = (seconds: number) => Effect.repeat(TestClock.adjust("250 millis"), { times: seconds * 4 - 1 })

const look = Effect.gen(function* () {
  const snapshot = yield* (yield* Run.RunStatus).snapshot
  return { snapshot, feed: snapshot.feeds.get(FEED) ?? Run.untold(FEED), totals: Run.totals(snapshot) }
})

/** Lets the chain's feed run while `steps` are taken. */
const whileRunning = <A, E>(chain: Chain, steps: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const { watch } = yield* Verifier
    const stop = yield* Stop
    const running = yield* Effect.forkChild(Effect.raceFirst(watch, runFeed(chain.feed)))
    yield* steps
    yield* stop.request
    yield* passing(60)
    yield* Fiber.join(running)
  }).pipe(Effect.provide(Layer.merge(chain.layer, Run.layer)), withoutLogs)

describe("RunStatus", () => {
  it.effect("counts a feed's records by what became of them, and what was taken in is all of them", () => {
    const chain = new Chain(records)
    chain.arrival = (id) => (id === "event-12" ? 20_000 : 1000)
    return whileRunning(
      chain,
      Effect.gen(function* () {
        yield* passing(10)
        const early = yield* look
        assert.isAbove(early.feed.counts.outstanding, 0)
        assert.strictEqual(
          early.totals.processed,
          early.totals.stored + early.totals.failed + early.totals.outstanding,
        )
        yield* passing(60)
        const { feed, totals } = yield* look
        assert.deepStrictEqual(feed.counts, {
          fetched: 40,
          written: 39,
          outstanding: 0,
          confirmed: 39,
          known: 0,
          repeated: 0,
          filtered: 0,
          dead: 1,
          unaccounted: 0,
        })
        assert.deepStrictEqual(totals, { processed: 40, failed: 1, stored: 39, outstanding: 0 })
        assert.deepInclude(feed.checkpoint?.position, { kind: "time", up_to: 3901 })
        assert.isDefined(feed.lagMillis)
      }),
    )
  })

  it.effect("tells of the last poll, why it failed, and when the next one is", () => {
    const chain = new Chain(records)
    chain.failingPage = 1
    return whileRunning(
      chain,
      Effect.gen(function* () {
        yield* passing(4)
        const failing = (yield* look).feed
        assert.strictEqual(failing.failure?.reason, "ServerError")
        const endedAt = failing.pollEndedAt ?? Number.NaN
        assert.isAbove((failing.nextPollAt ?? 0) - endedAt, 0)
        assert.isAtMost((failing.nextPollAt ?? 0) - endedAt, Duration.toMillis(chain.feed.interval()))
        chain.failingPage = undefined
        yield* passing(60)
        assert.isUndefined((yield* look).feed.failure)
      }),
    )
  })

  it.effect("says that the writer holds for as long as it does", () => {
    const chain = new Chain(records)
    chain.writerDown = true
    return whileRunning(
      chain,
      Effect.gen(function* () {
        yield* passing(4)
        const hold = (yield* look).snapshot.holds.get("writer")
        assert.isDefined(hold)
        yield* passing(4)
        assert.strictEqual((yield* look).snapshot.holds.get("writer")?.since, hold?.since)
        chain.writerDown = false
        yield* passing(20)
        assert.strictEqual((yield* look).snapshot.holds.size, 0)
      }),
    )
  })

  it.effect("forgets everything where nobody asks for it", () =>
    Effect.gen(function* () {
      const status = yield* Run.RunStatus
      yield* status.fetched(FEED, 5)
      assert.strictEqual((yield* status.snapshot).feeds.size, 0)
    }),
  )

  it.effect("a feed that gives records again has got over its failure, also when its poll never ends", () =>
    Effect.gen(function* () {
      const status = yield* Run.RunStatus
      const failureOf = Effect.map(look, ({ feed }) => feed.failure)
      yield* status.pollEnded(FEED, { reason: "Refused", message: "The spool cannot be read." }, 1000)
      yield* status.pollBegan(FEED)
      assert.isDefined(yield* failureOf)
      yield* status.fetched(FEED, 1)
      assert.isUndefined(yield* failureOf)
    }).pipe(Effect.provide(Run.layer)),
  )
})
