import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LongestWait } from "../../src/retry/LongestWait.ts"
import * as RunStatus from "../../src/status/RunStatus.ts"
import { nextDelay, writeHolding } from "../../src/writers/Held.ts"
import { Writer, WriterError, type WriterErrorReason } from "../../src/writers/Writer.ts"
import { eventsOf, type LogLine, recordLogs } from "../support/logRecorder.ts"

/** Takes `room` more events, then fails with `reason`. */
const makePeer = (reason: WriterErrorReason) => {
  const peer = { room: 0, tries: 0, taken: [] as string[] }
  const write = (events: ReadonlyArray<string>) =>
    Effect.suspend(() => {
      peer.tries += 1
      const handedOver = Math.min(peer.room, events.length)
      peer.taken.push(...events.slice(0, handedOver))
      peer.room -= handedOver
      return handedOver === events.length
        ? Effect.void
        : Effect.fail(new WriterError({ reason, handedOver, message: `peer: ${reason}` }))
    })
  return { peer, layer: Layer.succeed(Writer, Writer.of({ kind: "socket", maxBytes: 100, write })) }
}

const context = { feed: "flows", batch: "b1" }

describe("writeHolding", () => {
  it.effect("waits between two tries as long as it was told to at most, and no shorter", () =>
    Effect.gen(function* () {
      const { peer, layer } = makePeer("missing")
      yield* writeHolding(["a"], context).pipe(
        Effect.provide([layer, recordLogs([])]),
        Effect.provideService(LongestWait, Duration.minutes(2)),
        Effect.forkChild,
      )
      yield* TestClock.adjust("10 minutes")
      const before = peer.tries
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual(peer.tries - before, 10)
    }).pipe(Effect.provide(RunStatus.layer)),
  )

  it.effect("goes on from what was taken, for ever, and says so once a minute and at the end", () =>
    Effect.gen(function* () {
      const lines: Array<LogLine> = []
      const { peer, layer } = makePeer("missing")
      peer.room = 2
      const fiber = yield* writeHolding(["a", "b", "c", "d"], context).pipe(
        Effect.provide([layer, recordLogs(lines)]),
        Effect.forkChild,
      )
      yield* Effect.repeat(TestClock.adjust("1 second"), { times: 3600 })
      assert.deepStrictEqual(peer.taken, ["a", "b"])
      const holding = lines.filter((line) => line.event === "writer.holding")
      assert.isAtLeast(holding.length, 55)
      assert.isAtMost(holding.length, 61)
      assert.isAtLeast(peer.tries, 3600 / 30)
      const { since, waiting, reason, feed, batch } = holding.at(-1)?.fields ?? {}
      assert.deepStrictEqual(
        { since, waiting, reason, feed, batch },
        { since: "1970-01-01T00:00:00.000Z", waiting: 2, reason: "missing", ...context },
      )
      peer.room = 1
      yield* TestClock.adjust("5 seconds")
      peer.room = 9
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(peer.taken, ["a", "b", "c", "d"])
      assert.strictEqual(eventsOf(lines).at(-1), "writer.resumed")
      assert.strictEqual(eventsOf(lines).filter((event) => event === "writer.resumed").length, 1)
    }),
  )

  it.effect("says nothing when all goes well", () =>
    Effect.gen(function* () {
      const lines: Array<LogLine> = []
      const { peer, layer } = makePeer("missing")
      peer.room = 9
      yield* Effect.provide(writeHolding(["a", "b"], context), [layer, recordLogs(lines)])
      assert.deepStrictEqual([peer.taken, lines], [["a", "b"], []])
    }),
  )

  it.effect("goes on behind an event that can never be written, and names it", () =>
    Effect.gen(function* () {
      const taken: Array<string> = []
      const write = (events: ReadonlyArray<string>) =>
        Effect.suspend(() => {
          const at = events.findIndex((event) => event.startsWith("bad"))
          taken.push(...events.slice(0, at === -1 ? events.length : at))
          return at === -1
            ? Effect.void
            : Effect.fail(
                new WriterError({ reason: "too-long", handedOver: at, message: `no ${events[at]}` }),
              )
        })
      const unwritable = yield* writeHolding(["a", "bad1", "b", "bad2"], context).pipe(
        Effect.provideService(Writer, Writer.of({ kind: "socket", maxBytes: 100, write })),
      )
      assert.deepStrictEqual(taken, ["a", "b"])
      assert.deepStrictEqual(unwritable, [
        { index: 1, reason: "too-long", message: "no bad1" },
        { index: 3, reason: "too-long", message: "no bad2" },
      ])
    }),
  )

  it.effect("goes on with those that are left, wherever they were", () =>
    Effect.gen(function* () {
      const answers = [
        new WriterError({ reason: "refused", handedOver: 3, left: [1, 3], message: "socket" }),
        new WriterError({ reason: "rejected", handedOver: 1, left: [1], message: "too large" }),
      ]
      const asked: Array<ReadonlyArray<string>> = []
      const write = (events: ReadonlyArray<string>) =>
        Effect.suspend(() => {
          asked.push(events)
          const answer = answers.shift()
          return answer === undefined ? Effect.void : Effect.fail(answer)
        })
      const fiber = yield* writeHolding(["a", "b", "c", "d", "e"], context).pipe(
        Effect.provideService(Writer, Writer.of({ kind: "api", maxBytes: 100, write })),
        Effect.provide(recordLogs([])),
        Effect.forkChild,
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), [
        { index: 3, reason: "rejected", message: "too large" },
      ])
      assert.deepStrictEqual(asked, [
        ["a", "b", "c", "d", "e"],
        ["b", "d"],
      ])
    }),
  )

  it("waits twice as long each time up to the cap, and briefly again after progress", () => {
    const delays = [undefined, 250, 500, 4000, 5000].map((previous) => nextDelay(previous, false, 5000))
    assert.deepStrictEqual(delays, [250, 500, 1000, 5000, 5000])
    assert.strictEqual(nextDelay(5000, true, 5000), 250)
  })
})
