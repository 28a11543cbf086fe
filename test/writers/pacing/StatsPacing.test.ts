import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { ManagerStats, ReadManagerStats } from "../../../src/writers/pacing/ManagerStats.ts"
import { ManagerSocketError } from "../../../src/writers/pacing/managerSocket.ts"
import { makePacing } from "../../../src/writers/pacing/StatsPacing.ts"
import { eventsOf, type LogLine, recordLogs, withoutLogs } from "../../support/logRecorder.ts"
import { makeModelQueue } from "./modelQueue.ts"

const options = { queueShare: 0.5, eventsPerSecond: 500, burst: 100, chunk: 1000 }
const idle: ManagerStats = { size: 16_384, usage: 0, dropped: 0, startedAt: 100 }
const gone = Effect.fail(new ManagerSocketError({ reason: "missing", message: "no socket" }))

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** Advances the clock in steps that are small against every wait of the pacing. */
const pass = (millis: number) => Effect.repeat(TestClock.adjust("5 millis"), { times: millis / 5 - 1 })

describe("pacing by statistics", () => {
  it.effect.prop(
    "the queue stays under its share and never runs empty, whatever the manager's rate and the share",
    {
      rate: between(50, 20_000),
      share: between(20, 90),
      size: between(4096, 32_768),
      chunk: between(100, 2000),
      latency: between(0, 8),
      transit: between(0, 25),
      feeds: between(1, 3),
      seed: between(1, 1_000_000),
    },
    (drawn) =>
      Effect.gen(function* () {
        const share = drawn.share / 100
        // The writer has to be faster than the manager to keep it busy: a chunk takes an answer and 10 µs a send,
        // and of the share half may count as not yet seen and half is worked off between two questions.
        const writer = drawn.chunk / ((drawn.latency + drawn.chunk / 100 + 5) / 1000)
        const rate = Math.min(drawn.rate, writer / 2, (share * drawn.size) / 4 / 0.05)
        const queue = makeModelQueue({ ...drawn, rate, startedAt: yield* Clock.currentTimeMillis })
        const { pacing } = yield* makePacing(
          () => ({ ...options, queueShare: share, chunk: drawn.chunk }),
          queue.read,
        )
        const feed = Effect.gen(function* () {
          while (true) {
            const granted = yield* pacing.permits(5000)
            assert.isAtLeast(granted, 1)
            assert.isAtMost(granted, drawn.chunk)
            queue.offer(granted, yield* Clock.currentTimeMillis)
            // Real sends take time, too: 10 µs each.
            yield* Effect.sleep(Math.ceil(granted / 100))
          }
        })
        const fibers = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: drawn.feeds }), () => feed, { concurrency: "unbounded" }),
        )
        yield* pass(1000)
        const before = queue.served()
        yield* pass(2000)
        yield* Fiber.interrupt(fibers)
        queue.advance(yield* Clock.currentTimeMillis)
        assert.isAtMost(queue.peak(), share * drawn.size)
        const served = (queue.served() - before) / 2
        assert.isAtLeast(served, 0.95 * rate)
      }).pipe(withoutLogs),
    { arbitrary: { runs: 60 } },
  )

  it.effect("a question is asked before every chunk, and callers at once don't get the same credit", () =>
    Effect.gen(function* () {
      let asked = 0
      const read: ReadManagerStats = Effect.sync(() => {
        asked += 1
        return { ...idle, usage: 0.4 }
      })
      const { pacing } = yield* makePacing(() => options, read)
      // Room for 1,638, of which 512 may be in the socket.
      const grants: Array<number> = []
      const caller = Effect.map(pacing.permits(1000), (count) => grants.push(count))
      const fiber = yield* Effect.forkChild(
        Effect.all([caller, caller, caller], { concurrency: "unbounded" }),
      )
      yield* TestClock.adjust("49 millis")
      assert.strictEqual(asked, 3)
      assert.deepStrictEqual(grants, [1000, 638])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(fiber)
      assert.strictEqual(grants.length, 3)
    }),
  )

  it.effect("a full queue is waited for, and asked about every 50 ms", () =>
    Effect.gen(function* () {
      let usage = 0.5
      let asked = 0
      const read = Effect.sync(() => {
        asked += 1
        return { ...idle, usage }
      })
      const { pacing } = yield* makePacing(() => options, read)
      const fiber = yield* Effect.forkChild(pacing.permits(1000))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(asked, 21)
      assert.strictEqual(yield* pacing.queueUsage, 0.5)
      usage = 0.1
      yield* TestClock.adjust("50 millis")
      assert.strictEqual(yield* Fiber.join(fiber), 1000)
    }),
  )

  it.effect("drops that grow are said with their count, and halve the share", () =>
    Effect.gen(function* () {
      const lines: Array<LogLine> = []
      let dropped = 40
      const { pacing } = yield* makePacing(
        () => options,
        Effect.sync(() => ({ ...idle, usage: 0.3, dropped })),
      )
      yield* Effect.gen(function* () {
        assert.strictEqual(yield* pacing.permits(1000), 1000)
        dropped = 75
        // Half of the share is a quarter of the queue, and 0.3 of it is used.
        const fiber = yield* Effect.forkChild(pacing.permits(1000))
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(eventsOf(lines), ["pacing.manager_dropped"])
        assert.strictEqual(lines[0]?.fields.dropped, 35)
        yield* TestClock.adjust("31 seconds")
        assert.strictEqual(yield* Fiber.join(fiber), 1000)
      }).pipe(Effect.provide(recordLogs(lines)))
    }),
  )

  it.effect("without statistics it paces blind, says so once, and returns to them within seconds", () =>
    Effect.gen(function* () {
      const lines: Array<LogLine> = []
      let answer: ReadManagerStats = gone
      let asked = 0
      const read = Effect.suspend(() => {
        asked += 1
        return answer
      })
      const { pacing, evidence } = yield* makePacing(() => options, read)
      let granted = 0
      const fiber = yield* Effect.gen(function* () {
        while (true) {
          const count = yield* pacing.permits(1000)
          granted += count
        }
      }).pipe(Effect.provide(recordLogs(lines)), Effect.forkChild)
      yield* pass(10_000)
      assert.isAtLeast(granted, 0.95 * 5100)
      assert.isAtMost(granted, 5100)
      assert.strictEqual(yield* pacing.queueUsage, undefined)
      assert.isAtMost(asked, 11)
      assert.deepStrictEqual(eventsOf(lines), ["pacing.stats_unavailable"])

      yield* evidence.lost
      granted = 0
      yield* pass(4000)
      assert.isAtMost(granted, 1100)
      assert.strictEqual(yield* evidence.blindRate, 250)

      answer = Effect.succeed({ ...idle, usage: 0.6 })
      yield* pass(2000)
      assert.deepStrictEqual(eventsOf(lines), ["pacing.stats_unavailable", "pacing.stats_available"])
      assert.strictEqual(yield* pacing.queueUsage, 0.6)
      const before = granted
      yield* pass(1000)
      assert.strictEqual(granted, before)
      yield* Fiber.interrupt(fiber)
    }),
  )
})
