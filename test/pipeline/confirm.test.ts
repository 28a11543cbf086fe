import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import type { DeadLetter } from "../../src/dead-letters/DeadLetters.ts"
import { confirm } from "../../src/pipeline/confirm.ts"
import { InFlight } from "../../src/pipeline/InFlight.ts"
import { Policies } from "../../src/pipeline/Policies.ts"
import type { WrittenShipment } from "../../src/pipeline/Shipment.ts"
import * as RunStatus from "../../src/status/RunStatus.ts"
import { METRICS } from "../../src/telemetry/metrics.ts"
import { Verifier, type Written } from "../../src/verify/Verifier.ts"
import { PacingEvidence } from "../../src/writers/pacing/StatsPacing.ts"
import { Writer } from "../../src/writers/Writer.ts"
import { counted, freshMetrics, stagesOf } from "../support/counted.ts"
import { withoutLogs } from "../support/logRecorder.ts"
import { recordedLetters } from "../support/recordedLetters.ts"
import { eventOf } from "./eventOf.ts"

/** What is missing after an attempt, and how many of its neighbours arrived. */
type Outcome = readonly [missing: ReadonlyArray<string>, neighbours: number]

/** Settles `ids` with these outcomes, attempt by attempt; the last one again and again. */
const settle = (ids: ReadonlyArray<string>, outcomes: ReadonlyArray<Outcome>, within: Duration.Input) => {
  const events = ids.map(eventOf)
  const shipment: WrittenShipment = {
    batch: { id: "b", feed: "test/flows", events, position: Option.none(), maybeSent: false },
    dead: 0,
    toWrite: events,
    known: 0,
    duplicated: 0,
    repeated: 0,
    filtered: 0,
    taken: events,
    startedAt: 0,
    writtenAt: 0,
  }
  const attempts: Array<Written> = []
  const sent: Array<string> = []
  const letters = new Map<string, DeadLetter>()
  const pacing = { lost: 0, confirmed: 0 }
  const evidence = { laterConfirmed: 24, index: "alerts", shards: 3, since: 0, graceMillis: 3000 }
  const layer = Layer.mergeAll(
    Layer.succeed(Verifier, {
      confirm: (written) =>
        Effect.sync(() => {
          attempts.push(written)
          const [missing, neighbours] = outcomes[Math.min(attempts.length, outcomes.length) - 1] ?? [[], 0]
          return missing.length === 0
            ? { _tag: "Confirmed", confirmedAt: 1, duplicated: 0, index: "alerts" }
            : { _tag: "Lost", missing, evidence: { ...evidence, neighbours }, duplicated: 0 }
        }),
      known: () => Effect.succeed(new Map()),
      status: Effect.never,
      watch: Effect.never,
    }),
    Layer.succeed(Writer, {
      kind: "socket",
      maxBytes: 65_000,
      write: (texts) => Effect.sync(() => void sent.push(...texts)),
    }),
    recordedLetters(letters),
    Layer.succeed(PacingEvidence, {
      lost: Effect.sync(() => {
        pacing.lost += 1
      }),
      confirmed: Effect.sync(() => {
        pacing.confirmed += 1
      }),
      blindRate: Effect.succeed(0),
    }),
    Layer.succeed(Policies, { maxBatchEvents: 500, maxAttempts: () => 3 }),
    InFlight.layer(1000),
    RunStatus.layer,
  )
  return Effect.gen(function* () {
    // So that the present is told apart from the time of the first write.
    yield* TestClock.adjust("1 second")
    const settling = yield* Effect.forkChild(confirm(shipment))
    yield* TestClock.adjust(within)
    const exit = settling.pollUnsafe()
    const receipt = exit === undefined ? undefined : yield* Fiber.join(settling)
    const { feeds } = yield* (yield* RunStatus.RunStatus).snapshot
    const counts = feeds.get("test/flows")?.counts
    return { receipt, attempts, sent, letters: [...letters.values()], pacing, counts }
  }).pipe(Effect.provide(layer), withoutLogs)
}

const many = Array.from({ length: 20 }, (_, n) => `e-${n}`)

describe("confirm", () => {
  it.effect("writes again only what is lost, with the next attempt in the event", () =>
    Effect.gen(function* () {
      const { attempts, pacing, receipt, sent } = yield* settle(
        many,
        [
          [["e-3", "e-7"], 18],
          [[], 0],
        ],
        "1 second",
      )
      assert.deepStrictEqual(
        attempts.map(({ ids }) => ids.length),
        [20, 2],
      )
      assert.deepStrictEqual(
        attempts.map(({ attempt }) => attempt),
        [1, 2],
      )
      assert.strictEqual(sent.length, 2)
      assert.include(sent[0], '"event_id":"e-3"')
      assert.include(sent[0], '"attempt":"2"')
      // What was written again may lie in another index than the rest.
      assert.deepInclude(receipt, { written: 20, dead: 0, attempts: 2, index: undefined })
      const whole = yield* settle(many, [[[], 0]], "1 second")
      assert.deepInclude(whole.receipt, { attempts: 1, index: "alerts" })
      assert.deepStrictEqual(pacing, { lost: 1, confirmed: 1 })
    }),
  )

  it.effect(
    "an event that is lost while its neighbours arrive becomes a dead letter, with the evidence",
    () =>
      Effect.gen(function* () {
        const { counts, letters, receipt, sent } = yield* settle(
          many,
          [
            [["e-3"], 19],
            [["e-3"], 3],
          ],
          "1 minute",
        )
        assert.strictEqual(sent.length, 2)
        assert.deepInclude(receipt, { dead: 1, attempts: 3, writtenAt: 0, confirmedAt: 1000 })
        assert.deepInclude(counts, { confirmed: 19, dead: 1, outstanding: -20 })
        assert.deepInclude(letters[0], { reason: "verification_failed", attempts: 3 })
        assert.include(letters[0]?.error, "all 3 shards of alerts")
      }),
  )

  it.effect("counts what is lost each time, what is written again, and what is given up", () =>
    Effect.gen(function* () {
      yield* settle(
        many,
        [
          [["e-3", "e-4"], 18],
          [["e-3"], 3],
        ],
        "1 minute",
      )
      const feed = "test/flows"
      assert.strictEqual(yield* counted(METRICS.eventsLost, { feed }), 2 + 1 + 1)
      assert.strictEqual(yield* counted(METRICS.eventsReinjected, { feed }), 2 + 1)
      assert.strictEqual(yield* counted(METRICS.batchesConfirmed, { feed }), 1)
      assert.strictEqual(yield* counted(METRICS.dlqWritten, { reason: "verification_failed" }), 1)
      assert.deepInclude(yield* stagesOf(feed), { confirmed: 19, dead: 1 })
    }).pipe(freshMetrics),
  )

  it.effect(
    "a batch that is lost whole is written again for ever, ever more slowly, and never given up",
    () =>
      Effect.gen(function* () {
        const { attempts, letters, receipt } = yield* settle(many, [[many, 3]], "1 hour")
        assert.isUndefined(receipt)
        assert.deepStrictEqual(letters, [])
        assert.isAbove(attempts.length, 100)
        assert.isBelow(attempts.length, 130)
      }),
  )

  it.effect("losses in which nothing else arrived don't count, however many", () =>
    Effect.gen(function* () {
      const outage: ReadonlyArray<Outcome> = Array.from({ length: 9 }, () => [["e-3"], 0])
      const { letters, receipt } = yield* settle(many, [[["e-3"], 19], ...outage, [[], 0]], "1 hour")
      assert.deepStrictEqual(letters, [])
      assert.deepInclude(receipt, { dead: 0, attempts: 11 })
    }),
  )
})
