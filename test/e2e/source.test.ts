/** What the MSP API can do to a poll: the checkpoint stays behind it, and the next poll makes it good. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { PlannedFault } from "../../src/demo/msp/faults.ts"
import { onStage, type Stage, stopped, TEST_TIMEOUT } from "./world.ts"

const ONE_SLICE = {
  "source.firewalla.feeds.flows.slice": "80 hours",
  "source.firewalla.feeds.flows.page_size": 101,
}

/** In the order in which they strike: each poll but the last brings a page or two and fails. */
const FAULTS: ReadonlyArray<PlannedFault & { readonly reason: string }> = [
  { page: 1, fault: { kind: "status", status: 503 }, reason: "ServerError" },
  { page: 2, fault: { kind: "truncate" }, reason: "Truncated" },
  { page: 2, fault: { kind: "html" }, reason: "NotJson" },
  { page: 3, fault: { kind: "repeat-cursor" }, reason: "RepeatedCursor" },
  { page: 2, fault: { kind: "status", status: 429, retryAfter: "0" }, reason: "RateLimited" },
  { page: 2, fault: { kind: "hang-up" }, reason: "Unreachable" },
  { page: 2, fault: { kind: "hang" }, reason: "TimedOut" },
  { page: "last", fault: { kind: "status", status: 500 }, reason: "ServerError" },
]

const deliverAll = (stage: Stage) =>
  Effect.gen(function* () {
    yield* stage.arrived
    yield* stage.nextLine("poll.finished", () => true, 2)
  })

describe("the MSP API", () => {
  it.live(
    "fails at the first page, in the middle and at the last, in every way: nothing is lost or sent twice",
    () =>
      onStage(
        {
          flows: { count: 1200, span: "30 hours" },
          set: {
            ...ONE_SLICE,
            // So many pages that no number of polls that fail soon, and are a page further each, comes to the last.
            "source.firewalla.feeds.flows.page_size": 10,
            "source.firewalla.timeout_seconds": 0.4,
            "retry.retry_delay_ms": 20,
          },
        },
        (stage) =>
          Effect.gen(function* () {
            const { msp } = stage.world
            const [first, ...others] = FAULTS
            if (first !== undefined) yield* msp.inject({ ...first, times: Infinity })
            const waybill = yield* stage.start
            yield* stage.hasLine("poll.failed", (line) => line.reason === first?.reason)
            assert.deepStrictEqual(stage.checkpoints, [])
            for (const planned of others) {
              const failed = yield* stage.countLines("poll.failed")
              yield* msp.clearFaults
              yield* msp.inject({ ...planned, times: Infinity })
              yield* stage.until(
                `a poll fails with ${planned.reason}`,
                Effect.map(stage.lines, (lines) => {
                  const reasons = lines.filter(({ event }) => event === "poll.failed").slice(failed)
                  return reasons.some(({ reason }) => reason === planned.reason)
                }),
              )
            }
            yield* msp.clearFaults
            yield* deliverAll(stage)
            assert.strictEqual(yield* stage.copies, 1200)
            assert.strictEqual(yield* stopped(waybill), 0)
            yield* stage.assertEquation
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "refuses the token: the feed holds and asks seldom, and goes on when the token is right again",
    () =>
      onStage({ flows: { count: 200, span: "30 hours" } }, (stage) =>
        Effect.gen(function* () {
          const { msp } = stage.world
          yield* msp.setToken("another")
          const waybill = yield* stage.start
          yield* stage.hasLine("poll.failed", (line) => line.reason === "Unauthorized")
          const before = (yield* msp.requests).total
          yield* Effect.sleep("1500 millis")
          assert.isAtMost((yield* msp.requests).total - before, 3)
          yield* msp.setToken("simulated-msp-token")
          yield* stage.arrived
          assert.strictEqual(yield* stopped(waybill), 0)
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "brings a record on two pages, and some hours late: each is sent once",
    () =>
      onStage(
        {
          flows: { count: 600, span: "30 hours" },
          set: { ...ONE_SLICE, "source.firewalla.feeds.flows.overlap": "12 hours" },
        },
        (stage) =>
          Effect.gen(function* () {
            const { msp } = stage.world
            yield* msp.inject({ endpoint: "flows", page: 2, fault: { kind: "duplicate-last" } })
            yield* msp.inject({ endpoint: "flows", page: 4, fault: { kind: "duplicate-last" } })
            yield* stage.holdBack("flows", 450, 480)
            const waybill = yield* stage.start
            yield* stage.arrived
            const early = yield* stage.equation
            assert.isBelow(early.source, 575)
            yield* stage.nextLine("poll.finished", () => true, 2)
            assert.strictEqual((yield* msp.requests).faults, 2)
            yield* stage.release("flows")
            yield* deliverAll(stage)
            assert.strictEqual((yield* stage.equation).source, 600)
            assert.strictEqual(yield* stage.copies, 600)
            assert.strictEqual(yield* stopped(waybill), 0)
            yield* stage.assertEquation
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "brings a record that nothing can be made of: one dead letter, once, even over a kill",
    () =>
      onStage(
        {
          flows: { count: 300, span: "20 hours" },
          // Every poll reads all of it again, so the first record of the first page is always the same.
          set: {
            ...ONE_SLICE,
            "source.firewalla.feeds.flows.overlap": "40 hours",
            "source.firewalla.feeds.flows.first_run": "40 hours",
          },
        },
        (stage) =>
          Effect.gen(function* () {
            yield* stage.world.msp.inject({ page: 1, fault: { kind: "bad-record" }, times: Infinity })
            // The kill falls between the dead letter and the commit after it.
            const fs = yield* FileSystem.FileSystem
            const inTheWay = `${stage.checkpointFile("flows")}.tmp`
            yield* fs.makeDirectory(inTheWay, { recursive: true })
            const killed = yield* stage.start
            yield* stage.hasLine("checkpoint.commit_failed")
            yield* killed.kill
            yield* killed.exitCode
            yield* fs.remove(inTheWay, { recursive: true })
            const waybill = yield* stage.start
            yield* deliverAll(stage)
            assert.strictEqual(yield* stopped(waybill), 0)
            const again = yield* stage.start
            yield* stage.nextLine("poll.finished", () => true, 2)
            assert.strictEqual(yield* stopped(again), 0)
            const letters = yield* stage.letters
            assert.deepStrictEqual(
              letters.map(({ record, reason }) => ({ record, reason })),
              [{ record: "flows 0", reason: "normalization_failed" }],
            )
            assert.strictEqual(yield* stage.copies, 299)
            yield* stage.assertEquation
          }),
      ),
    TEST_TIMEOUT,
  )
})
