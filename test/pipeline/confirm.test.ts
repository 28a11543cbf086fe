import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import type { DeadLetter } from "../../src/dead-letters/DeadLetters.ts"
import type { EventType } from "../../src/domain/Event.ts"
import { confirm } from "../../src/pipeline/confirm.ts"
import { InFlight } from "../../src/pipeline/InFlight.ts"
import { Policies } from "../../src/pipeline/Policies.ts"
import type { WrittenShipment } from "../../src/pipeline/Shipment.ts"
import { Sightings } from "../../src/pipeline/Sightings.ts"
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

interface Settling {
  /** Whether canaries of the feed can be found. */
  readonly canaries?: boolean
  /** Whether events of the feed were confirmed in this run before. */
  readonly seen?: boolean
  readonly kinds?: (id: string) => EventType
}

/** Settles `ids` with these outcomes, question by question; the last one again and again. */
const settle = (
  ids: ReadonlyArray<string>,
  outcomes: ReadonlyArray<Outcome>,
  within: Duration.Input,
  { canaries = true, kinds = () => "flow", seen = true }: Settling = {},
) => {
  const events = ids.map((id) => ({ ...eventOf(id), type: kinds(id) }))
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
  const canariesSent: Array<string> = []
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
      known: (sought) =>
        Effect.sync(
          () => new Map(sought.ids.flatMap((id) => (canaries && id.startsWith("canary-") ? [[id, 1]] : []))),
        ),
      status: Effect.never,
      watch: Effect.never,
    }),
    Layer.succeed(Writer, {
      kind: "socket",
      maxBytes: 65_000,
      write: (texts) =>
        Effect.sync(() => {
          for (const text of texts) (text.includes('"canary":"feed"') ? canariesSent : sent).push(text)
        }),
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
    Sightings.layer,
    RunStatus.layer,
  )
  return Effect.gen(function* () {
    // So that the present is told apart from the time of the first write.
    yield* TestClock.adjust("1 second")
    if (seen) (yield* Sightings).sawEvents(events, -1)
    const settling = yield* Effect.forkChild(confirm(shipment))
    yield* TestClock.adjust(within)
    const exit = settling.pollUnsafe()
    const receipt = exit === undefined ? undefined : yield* Fiber.join(settling)
    const { feeds } = yield* (yield* RunStatus.RunStatus).snapshot
    const counts = feeds.get("test/flows")?.counts
    return { receipt, attempts, sent, canariesSent, letters: [...letters.values()], pacing, counts, feeds }
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
        assert.deepInclude(receipt, { dead: 1, attempts: 3, writtenAt: 0, confirmedAt: 2000 })
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
    "a batch of a feed that was seen before is written again, ever more slowly, and never given up",
    () =>
      Effect.gen(function* () {
        const { letters, receipt, sent } = yield* settle(many, [[many, 3]], "1 hour")
        assert.isUndefined(receipt)
        assert.deepStrictEqual(letters, [])
        assert.isAbove(sent.length, 100 * many.length)
        assert.isBelow(sent.length, 130 * many.length)
      }),
  )

  it.effect("nothing is written again or given up while not even a canary of the feed can be found", () =>
    Effect.gen(function* () {
      for (const seen of [true, false])
        for (const ids of [many, ["e-0"]]) {
          const { canariesSent, feeds, letters, receipt, sent } = yield* settle(ids, [[ids, 24]], "1 day", {
            canaries: false,
            seen,
          })
          assert.isUndefined(receipt)
          assert.deepStrictEqual([sent, letters], [[], []])
          // One each five minutes in the end.
          assert.isBelow(canariesSent.length, 24 * 12 + 10)
          const unseen = feeds.get("test/flows")?.unseen.get("flow test:record")
          assert.deepStrictEqual(unseen?.held, new Map([["b", ids.length]]))
        }
    }),
  )

  it.effect(
    "where none was ever seen one event is written again, and the rest only once that has arrived",
    () =>
      Effect.gen(function* () {
        const rest = many.slice(1)
        const { letters, receipt, sent } = yield* settle(
          many,
          [
            [many, 3],
            [many, 3],
            [[], 0],
            [rest, 19],
            [[], 0],
          ],
          "1 minute",
          { seen: false },
        )
        assert.deepStrictEqual(letters, [])
        assert.deepInclude(receipt, { dead: 0, written: 20, attempts: 2 })
        assert.deepStrictEqual(
          sent.map((text) => /"event_id":"([^"]*)"/.exec(text)?.[1]),
          many,
        )
      }),
  )

  it.effect("and that single event ever more seldom, without a dead letter, if it never arrives", () =>
    Effect.gen(function* () {
      const { letters, receipt, sent } = yield* settle(["e-0"], [[["e-0"], 24]], "1 day", { seen: false })
      assert.isUndefined(receipt)
      assert.deepStrictEqual(letters, [])
      assert.isAbove(sent.length, 5)
      assert.isBelow(sent.length, 15)
    }),
  )

  it.effect("losses in which nothing else arrived don't count, however many", () =>
    Effect.gen(function* () {
      // Each attempt is asked about twice: a loss of all is proven once a canary of the feed has been found.
      const outage: ReadonlyArray<Outcome> = Array.from({ length: 18 }, () => [["e-3"], 0])
      const { letters, receipt } = yield* settle(many, [[["e-3"], 19], ...outage, [[], 0]], "1 hour")
      assert.deepStrictEqual(letters, [])
      assert.deepInclude(receipt, { dead: 0, attempts: 11 })
    }),
  )

  it.effect("of a mixed batch the kind that can't be found is held, and holds back no other", () =>
    Effect.gen(function* () {
      const hidden = many.slice(0, 10)
      const { feeds, letters, receipt, sent } = yield* settle(
        many,
        [
          [[...hidden, "e-12"], 9],
          [[], 0],
        ],
        "1 hour",
        { canaries: false, seen: false, kinds: (id) => (hidden.includes(id) ? "alarm" : "flow") },
      )
      assert.isUndefined(receipt)
      assert.deepStrictEqual(letters, [])
      assert.strictEqual(sent.length, 1)
      assert.include(sent[0], '"event_id":"e-12"')
      assert.deepStrictEqual([...(feeds.get("test/flows")?.unseen.keys() ?? [])], ["alarm test:record"])
    }),
  )
})
