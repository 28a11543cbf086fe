import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, type Layer, Metric, Option } from "effect"
import { TestClock } from "effect/testing"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import { deliver } from "../../src/pipeline/Delivery.ts"
import { Stop } from "../../src/pipeline/Stop.ts"
import { METRICS } from "../../src/telemetry/metrics.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { checkpointAt } from "../contracts/Checkpoints.ts"
import { counted, freshMetrics, stagesOf } from "../support/counted.ts"
import { withoutLogs } from "../support/logRecorder.ts"
import { Chain, FEED, idOf, type Record } from "./chain.ts"

const records = (count: number, at: (n: number) => number = (n) => n * 100): ReadonlyArray<Record> =>
  Array.from({ length: count }, (_, n) => ({ serial: n, ts: at(n) }))

/** One poll from the committed checkpoint, beside the verifier's loop. */
const poll = (chain: Chain) =>
  Effect.gen(function* () {
    const checkpoint = yield* (yield* Checkpoints).load(FEED)
    return yield* Effect.raceFirst((yield* Verifier).watch, deliver(chain.feed, checkpoint))
  })

const passing = (seconds: number) => Effect.repeat(TestClock.adjust("250 millis"), { times: seconds * 4 - 1 })

/** A poll, whole, of which so many seconds pass. */
const polled = Effect.fnUntraced(function* (chain: Chain, seconds: number) {
  const polling = yield* Effect.forkChild(poll(chain))
  yield* passing(seconds)
  return yield* Fiber.join(polling)
})

const committed = Effect.flatMap(Checkpoints, (checkpoints) => checkpoints.load(FEED)).pipe(
  Effect.map(
    Option.match({
      onNone: () => undefined,
      onSome: ({ position }) => (position.kind === "time" ? position.up_to : undefined),
    }),
  ),
)

/** Source ids = indexed ids + dead letters, none twice, and no commit was ever ahead. */
const assertEquation = (chain: Chain) => {
  assert.deepStrictEqual(
    chain.records.map(idOf).filter((id) => !chain.isSettled(id)),
    [],
  )
  assert.deepStrictEqual(
    [...chain.indexer.documents].filter(([, copies]) => copies > 1),
    [],
  )
  assert.deepStrictEqual(chain.ahead, [])
}

const inChain = <A, E>(chain: Chain, steps: Effect.Effect<A, E, Layer.Success<Chain["layer"]>>) =>
  steps.pipe(Effect.provide(chain.layer), withoutLogs)

describe("Delivery", () => {
  it.effect("delivers every record once and commits up to the last", () => {
    const chain = new Chain(records(95))
    return inChain(
      chain,
      Effect.gen(function* () {
        const summary = yield* polled(chain, 120)
        assert.deepInclude(summary, { written: 95, known: 0, dead: 0, failure: undefined })
        assert.strictEqual(yield* committed, 9401)
        assertEquation(chain)
      }),
    )
  })

  it.effect("leaves a letter that waits to its replay, and delivers it when it is sent again", () => {
    const chain = new Chain(records(3))
    const waiting = {
      envelope: chain.envelopeOf(1),
      reason: "storage_failed",
      error: "",
      attempts: 1,
    } as const
    chain.letters.set("event-1", waiting)
    return inChain(
      chain,
      Effect.gen(function* () {
        yield* polled(chain, 60)
        assert.deepStrictEqual(chain.sent, ["event-0", "event-2"])

        chain.replayed = true
        const again = yield* Effect.forkChild(deliver(chain.feed, Option.none()))
        const watching = yield* Effect.forkChild(Effect.flatMap(Verifier, (verifier) => verifier.watch))
        yield* passing(60)
        yield* Fiber.join(again)
        yield* Fiber.interrupt(watching)
        assert.deepStrictEqual(chain.sent, ["event-0", "event-2", "event-1"])
        assertEquation(chain)
      }),
    )
  })

  it.effect("tells the feed of each commit, after it", () => {
    const chain = new Chain(records(25))
    return inChain(
      chain,
      Effect.gen(function* () {
        yield* polled(chain, 60)
        assert.deepStrictEqual(
          chain.told.map((position) => (position.kind === "time" ? position.up_to : undefined)),
          [900, 1900, 2401],
        )
        assert.strictEqual(yield* committed, 2401)
      }),
    )
  })

  it.effect("holds the checkpoint at a hole, while later batches are confirmed behind it", () => {
    const chain = new Chain(records(40))
    chain.arrival = (id) => (id === "event-12" ? 500_000 : 1000)
    return inChain(
      chain,
      Effect.gen(function* () {
        const delivering = yield* Effect.forkChild(poll(chain))
        yield* passing(300)
        assert.strictEqual(yield* committed, 900)
        assert.isTrue(chain.indexer.documents.has("event-30"))
        yield* passing(300)
        yield* Fiber.join(delivering)
        assert.strictEqual(yield* committed, 3901)
        assertEquation(chain)
      }),
    )
  })

  it.effect("never has more events unconfirmed than the bound allows", () => {
    const chain = new Chain(records(95))
    chain.arrival = () => undefined
    return inChain(
      chain,
      Effect.gen(function* () {
        yield* Effect.forkChild(poll(chain))
        yield* passing(60)
        assert.isAtMost(chain.sent.length, 25)
        assert.isAtLeast(chain.sent.length, 18)
      }),
    )
  })

  it.effect("a page that fails in the middle leaves what came before it delivered and committed", () => {
    const chain = new Chain(records(40))
    chain.failingPage = 2
    return inChain(
      chain,
      Effect.gen(function* () {
        const summary = yield* polled(chain, 30)
        assert.strictEqual(summary.failure?.reason._tag, "ServerError")
        assert.strictEqual(summary.written, 20)
        assert.strictEqual(yield* committed, 1900)

        chain.failingPage = undefined
        yield* polled(chain, 30)
        assert.strictEqual(chain.sent.length, 40)
        assertEquation(chain)
      }),
    )
  })

  it.effect("a record that no event can be made of costs itself and nothing else, and is kept once", () => {
    const chain = new Chain(
      records(20).map((record) => (record.serial === 4 ? { ...record, bad: true } : record)),
    )
    return inChain(
      chain,
      Effect.gen(function* () {
        assert.deepInclude(yield* polled(chain, 30), { written: 19, dead: 1 })
        assert.strictEqual(chain.letters.get("event-4")?.reason, "normalization_failed")
        assertEquation(chain)
      }),
    )
  })

  it.effect("sends nothing that the index already has", () => {
    const chain = new Chain(records(40))
    chain.indexer.index(...records(25).map(idOf))
    return inChain(
      chain,
      Effect.gen(function* () {
        assert.deepInclude(yield* polled(chain, 30), { written: 15, known: 25 })
        assert.deepStrictEqual(chain.sent, records(40).slice(25).map(idOf))
        assertEquation(chain)
      }),
    )
  })

  for (const type of ["alarm", "device_change"] as const)
    it.effect(`finds a ${type} that was sent weeks ago and comes again with the time of now`, () => {
      const day = 86_400_000
      const chain = new Chain(records(5, () => 30 * day))
      chain.eventType = type
      chain.indexer.index(...records(5).map(idOf))
      for (const record of records(5)) chain.indexer.arrivedAt.set(idOf(record), 2 * day)
      return inChain(
        chain,
        Effect.gen(function* () {
          assert.deepInclude(yield* polled(chain, 30), { written: 0, known: 5 })
          assert.deepStrictEqual(chain.sent, [])
        }),
      )
    })

  it.effect("is not deceived where a record came while it waited to be written again", () => {
    // The bound lets 25 out: the second page waits until the first is confirmed, and the third is looked for before.
    const chain = new Chain(
      [...records(20), ...records(20).map((_, n) => ({ serial: 20 + n, ts: 3000 + n })), ...records(20)],
      20,
    )
    return inChain(
      chain,
      Effect.gen(function* () {
        yield* polled(chain, 60)
        assertEquation(chain)
        assert.strictEqual(chain.sent.length, 40)
      }),
    )
  })

  it.effect(
    "counts each event at every stage it comes to, a dead letter once however often it is fetched",
    () => {
      const chain = new Chain(
        records(40).map((record) => (record.serial === 30 ? { ...record, bad: true } : record)),
      )
      chain.indexer.index(...records(25).map(idOf))
      chain.indexer.index(idOf({ serial: 3, ts: 300 }))
      return inChain(
        chain,
        Effect.gen(function* () {
          yield* polled(chain, 30)
          const once = {
            fetched: 40,
            normalized: 39,
            known: 25,
            repeated: 0,
            filtered: 0,
            written: 14,
            confirmed: 14,
            dead: 1,
          }
          assert.deepStrictEqual(yield* stagesOf(FEED), once)
          assert.strictEqual(yield* counted(METRICS.duplicates, { feed: FEED }), 1)
          assert.strictEqual(yield* counted(METRICS.dlqWritten, { reason: "normalization_failed" }), 1)

          const again = yield* Effect.forkChild(
            Effect.raceFirst(
              Effect.flatMap(Verifier, (verifier) => verifier.watch),
              deliver(chain.feed, Option.none()),
            ),
          )
          yield* passing(30)
          yield* Fiber.join(again)
          assert.deepStrictEqual(yield* stagesOf(FEED), {
            ...once,
            fetched: 80,
            normalized: 78,
            known: 25 + 39,
            // Its letter waits already.
            repeated: 1,
          })
          const { count: lags } = yield* Metric.value(METRICS.indexLag.of({ feed: FEED }))
          assert.isAbove(lags, 0)
        }).pipe(freshMetrics),
      )
    },
  )

  it.effect("many events of one second over a page border: a stop and a start lose and double none", () => {
    const chain = new Chain(records(30, () => 5000))
    return inChain(
      chain,
      Effect.gen(function* () {
        chain.failingPage = 1
        yield* polled(chain, 30)
        assert.strictEqual(yield* committed, 5000)
        chain.failingPage = undefined
        yield* polled(chain, 30)
        assertEquation(chain)
      }),
    )
  })

  it.effect("a record that comes twice in one poll is sent once", () => {
    const chain = new Chain([...records(15), ...records(15)])
    return inChain(
      chain,
      Effect.gen(function* () {
        yield* polled(chain, 30)
        assert.strictEqual(chain.sent.length, 15)
        assertEquation(chain)
      }),
    )
  })

  it.effect("a record that comes twice on one page, in two batches, is sent once", () => {
    const chain = new Chain([...records(10), ...records(10)], 20)
    return inChain(
      chain,
      Effect.gen(function* () {
        const delivering = yield* Effect.forkChild(poll(chain))
        yield* passing(60)
        assert.isDefined(delivering.pollUnsafe())
        assert.strictEqual(chain.sent.length, 10)
        assertEquation(chain)
      }),
    )
  })

  it.effect("a checkpoint in the future, from a clock that was ahead, goes back to the present", () => {
    const chain = new Chain(records(20))
    return inChain(
      chain,
      Effect.gen(function* () {
        const ahead = { kind: "time" as const, up_to: 9_000_000 }
        yield* (yield* Checkpoints).commit({ ...checkpointAt(FEED, 0), position: ahead })
        const feed = { ...chain.feed, poll: () => chain.feed.poll(Option.none()) }
        const loaded = yield* (yield* Checkpoints).load(FEED)
        const delivering = yield* Effect.forkChild(
          Effect.raceFirst((yield* Verifier).watch, deliver(feed, loaded)),
        )
        yield* passing(30)
        yield* Fiber.join(delivering)
        assert.strictEqual(yield* committed, 1901)
      }),
    )
  })

  it.effect("a stop ends the fetching, and what is on its way is still confirmed and committed", () => {
    const chain = new Chain(records(95))
    return inChain(
      chain,
      Effect.gen(function* () {
        const stop = yield* Stop
        const delivering = yield* Effect.forkChild(poll(chain))
        yield* passing(1)
        yield* stop.request
        const sent = chain.sent.length
        yield* passing(30)
        yield* Fiber.join(delivering)
        assert.isBelow(chain.sent.length, 95)
        assert.isAtMost(chain.sent.length, sent + chain.pageSize)
        assert.isTrue(chain.sent.every((id) => chain.isSettled(id)))
        assert.deepStrictEqual(chain.ahead, [])
        const last = chain.sent.length - 1
        assert.isAtLeast((yield* committed) ?? 0, Math.floor(last / 10) * 1000 - 100)
      }),
    )
  })
})
