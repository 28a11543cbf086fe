import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import { Stop } from "../../src/pipeline/Stop.ts"
import type { ProgressFile } from "../../src/reconcile/Progress.ts"
import { compareOnly, type Outcome, reconcile } from "../../src/reconcile/Reconcile.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { Chain, FEED, idOf, type Record } from "../pipeline/chain.ts"
import { withoutLogs } from "../support/logRecorder.ts"
import { progressInMemory, withHistory } from "./history.ts"

const WINDOW = { from: 0, to: 10_000 }

const records = (count: number, at: (n: number) => number = (n) => n * 100): ReadonlyArray<Record> =>
  Array.from({ length: count }, (_, n) => ({ serial: n, ts: at(n) }))

const optionsFor = (chain: Chain, named = 5) => ({ feed: withHistory(chain), window: WINDOW, named })

/** One look back beside the verifier's loop, while time passes. */
const lookBack = Effect.fnUntraced(function* (chain: Chain, progress: ProgressFile = progressInMemory()) {
  const verifier = yield* Verifier
  const working = yield* Effect.forkChild(
    Effect.raceFirst(verifier.watch, reconcile(optionsFor(chain), progress)),
  )
  yield* Effect.repeat(TestClock.adjust("250 millis"), { times: 400 })
  return yield* Fiber.join(working)
})

const inChain = <A, E>(
  chain: Chain,
  steps: Effect.Effect<A, E, Layer.Success<Chain["layer"]> | Layer.Success<Chain["indexer"]["layer"]>>,
) => steps.pipe(Effect.provide(Layer.merge(chain.layer, chain.indexer.layer)), withoutLogs)

const assertSums = ({ counts }: Outcome) => {
  assert.strictEqual(counts.atSource, counts.indexed + counts.deadLetters + counts.missing)
  if (counts.written > 0) assert.strictEqual(counts.missing, counts.confirmed + counts.deadLettered)
}

describe("reconcile", () => {
  it.effect("writes what the index does not have, and nothing else; the checkpoint stays", () => {
    const chain = new Chain(records(60))
    chain.indexer.index(...records(60).map(idOf).slice(0, 50))
    return inChain(
      chain,
      Effect.gen(function* () {
        const outcome = yield* lookBack(chain)
        assert.deepStrictEqual(chain.sent, records(60).map(idOf).slice(50))
        assert.deepInclude(outcome.counts, { atSource: 60, indexed: 50, missing: 10, confirmed: 10 })
        assert.isTrue(outcome.complete)
        assert.deepStrictEqual(
          outcome.missing.map(({ id }) => id),
          ["event-50", "event-51", "event-52", "event-53", "event-54"],
        )
        assertSums(outcome)
        assert.isTrue((yield* (yield* Checkpoints).load(FEED))._tag === "None")

        const again = yield* lookBack(chain)
        assert.deepInclude(again.counts, { atSource: 60, indexed: 60, missing: 0, written: 0 })
      }),
    )
  })

  it.effect("reads only the window, and counts what the index has twice", () => {
    const chain = new Chain(records(120))
    chain.indexer.index(...records(90).map(idOf), "event-3", "event-4", "event-4")
    return inChain(
      chain,
      Effect.gen(function* () {
        const outcome = yield* lookBack(chain)
        assert.deepInclude(outcome.counts, { atSource: 100, indexed: 90, duplicated: 2, missing: 10 })
        assert.notInclude(chain.sent, "event-100")
      }),
    )
  })

  it.effect("sets aside what no event can be made of, and leaves it to a replay from then on", () => {
    const chain = new Chain(records(20).map((one) => (one.serial === 7 ? { ...one, bad: true } : one)))
    return inChain(
      chain,
      Effect.gen(function* () {
        const first = yield* lookBack(chain)
        assert.deepInclude(first.counts, { atSource: 20, missing: 20, confirmed: 19, deadLettered: 1 })
        assertSums(first)
        const second = yield* lookBack(chain)
        assert.deepInclude(second.counts, { atSource: 20, indexed: 19, deadLetters: 1, missing: 0 })
        assertSums(second)
      }),
    )
  })

  it.effect(
    "goes on where it failed, and counts each record once, also those of the second it stopped in",
    () => {
      const chain = new Chain(records(60, (n) => Math.floor(n / 15) * 1000 + n))
      const progress = progressInMemory()
      return inChain(
        chain,
        Effect.gen(function* () {
          chain.failingPage = 4
          const first = yield* lookBack(chain, progress)
          assert.isFalse(first.complete)
          assert.strictEqual(first.failure?._tag, "SourceError")
          assert.strictEqual(first.counts.confirmed, 40)
          assert.deepInclude(progress.kept(), { up_to: 2000, reread: 10 })

          chain.failingPage = undefined
          const second = yield* lookBack(chain, progress)
          assert.isTrue(second.complete)
          assert.strictEqual(second.resumedFrom, 2000)
          assert.deepInclude(second.counts, { atSource: 60, indexed: 0, missing: 60, confirmed: 60 })
          assertSums(second)
          assert.strictEqual(chain.sent.length, 60)
          assert.isUndefined(progress.kept())
        }),
      )
    },
  )

  it.effect("a record that comes twice in a window is sent and counted once", () => {
    const chain = new Chain([...records(8), ...records(8)])
    return inChain(
      chain,
      Effect.gen(function* () {
        const outcome = yield* lookBack(chain)
        assert.strictEqual(chain.sent.length, 8)
        assert.deepInclude(outcome.counts, { missing: 8, written: 8, confirmed: 8 })
        assertSums(outcome)
      }),
    )
  })

  it.effect("behind a batch that is held it reads on, but not for ever", () => {
    const all = records(6000).map((record) => ({ ...record, ts: 3000 }))
    const chain = new Chain(all, 5)
    chain.indexer.index(...all.slice(1).map(idOf))
    chain.arrival = () => undefined
    return inChain(
      chain,
      Effect.gen(function* () {
        const verifier = yield* Verifier
        const working = yield* Effect.forkChild(
          Effect.raceFirst(verifier.watch, reconcile(optionsFor(chain), progressInMemory())),
        )
        yield* Effect.repeat(TestClock.adjust("250 millis"), { times: 400 })
        const batches = chain.indexer.searches.filter(({ kind }) => kind === "copies").length
        assert.isAbove(batches, 1000)
        assert.isBelow(batches, 1100)
        yield* Fiber.interrupt(working)
      }),
    )
  })

  it.effect("a stop ends the reading; what is written is settled, and its place is kept", () => {
    const chain = new Chain(records(95))
    chain.arrival = () => 5000
    const progress = progressInMemory()
    return inChain(
      chain,
      Effect.gen(function* () {
        const verifier = yield* Verifier
        const working = yield* Effect.forkChild(
          Effect.raceFirst(verifier.watch, reconcile(optionsFor(chain), progress)),
        )
        yield* Effect.repeat(TestClock.adjust("250 millis"), { times: 20 })
        assert.isAbove(chain.sent.length, 10)
        yield* (yield* Stop).request
        yield* Effect.repeat(TestClock.adjust("250 millis"), { times: 200 })
        const outcome = yield* Fiber.join(working)
        assert.isFalse(outcome.complete)
        assert.isUndefined(outcome.failure)
        assert.isBelow(chain.sent.length, 95)
        assert.isTrue(chain.sent.every((id) => chain.isSettled(id)))
        assert.isDefined(progress.kept())
      }),
    )
  })
})

describe("compareOnly", () => {
  it.effect("names what is missing, and sends and keeps nothing", () => {
    const chain = new Chain(records(60))
    chain.indexer.index(...records(60).map(idOf).slice(0, 48), "event-1")
    return inChain(
      chain,
      Effect.gen(function* () {
        const outcome = yield* compareOnly(optionsFor(chain, 2), 0)
        assert.deepInclude(outcome.counts, {
          atSource: 60,
          indexed: 48,
          duplicated: 1,
          missing: 12,
          written: 0,
        })
        assert.deepStrictEqual(outcome.missing, [
          { id: "event-48", type: "flow", time: 4800 },
          { id: "event-49", type: "flow", time: 4900 },
        ])
        assert.isTrue(outcome.complete)
        assertSums(outcome)
        assert.deepStrictEqual(chain.sent, [])
      }),
    )
  })

  it.effect("finds an alarm that has moved on since it was sent", () => {
    const chain = new Chain(records(10).map((record) => ({ ...record, ts: 3000 })))
    chain.eventType = "alarm"
    chain.indexer.index(...records(10).map(idOf))
    for (const record of records(10)) chain.indexer.arrivedAt.set(idOf(record), 1000)
    return inChain(
      chain,
      Effect.gen(function* () {
        const { counts } = yield* compareOnly(optionsFor(chain, 2), 0)
        assert.deepInclude(counts, { atSource: 10, indexed: 10, missing: 0 })
      }),
    )
  })

  it.effect("fails where the indexer can't be asked, instead of calling everything missing", () => {
    const chain = new Chain(records(30))
    chain.indexer.failing = "unreachable"
    return inChain(
      chain,
      Effect.gen(function* () {
        const outcome = yield* compareOnly(optionsFor(chain), 0)
        assert.isFalse(outcome.complete)
        assert.strictEqual(outcome.failure?._tag, "IndexerError")
        assert.strictEqual(outcome.counts.missing, 0)
      }),
    )
  })
})
