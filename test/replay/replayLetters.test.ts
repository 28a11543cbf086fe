import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import { InFlight } from "../../src/pipeline/InFlight.ts"
import { Stop } from "../../src/pipeline/Stop.ts"
import { replayLetters } from "../../src/replay/replayLetters.ts"
import type { ReplayRequest } from "../../src/replay/selection.ts"
import { METRICS } from "../../src/telemetry/metrics.ts"
import { idOf } from "../pipeline/chain.ts"
import { counted, freshMetrics } from "../support/counted.ts"
import { begun, carriedOut, passing, records, Scene } from "./scene.ts"

const replay = (request: ReplayRequest = {}) => carriedOut(replayLetters(request))

describe("replayLetters", () => {
  it.effect("delivers what can be delivered now, once each, and removes the letters", () => {
    const scene = new Scene(records(25))
    return scene
      .process(
        Effect.gen(function* () {
          yield* scene.putLetters()
          const report = yield* replay()
          assert.deepStrictEqual(report, {
            counts: { taken: 25, delivered: 25, known: 0, failed: 0, left: 0 },
            failures: [],
            complete: true,
            error: undefined,
          })
          assert.deepStrictEqual(scene.sentRecords, records(25).map(idOf))
          assert.deepStrictEqual([scene.waiting, scene.twice, scene.lost], [[], [], []])
          assert.strictEqual(yield* counted(METRICS.dlqReplayed, { outcome: "delivered" }), 25)
        }),
      )
      .pipe(freshMetrics)
  })

  it.effect("removes a letter only when a search has returned its event", () => {
    const scene = new Scene(records(3))
    scene.arrival = () => 60_000
    return scene.process(
      Effect.gen(function* () {
        yield* scene.putLetters()
        const replaying = yield* begun(replayLetters({}))
        yield* passing("50 seconds")
        assert.strictEqual(scene.sentRecords.length, 3)
        assert.strictEqual(scene.waiting.length, 3)
        assert.isTrue((yield* DeadLetters).has("event-1"))
        yield* passing("5 minutes")
        yield* Fiber.join(replaying)
        assert.deepStrictEqual(scene.waiting, [])
      }),
    )
  })

  it.effect("sends nothing that the index has, and removes its letter", () => {
    const scene = new Scene(records(4))
    scene.indexer.index("event-0", "event-2")
    return scene.process(
      Effect.gen(function* () {
        yield* scene.putLetters()
        const { counts } = yield* replay()
        assert.deepStrictEqual(counts, { taken: 4, delivered: 2, known: 2, failed: 0, left: 0 })
        assert.deepStrictEqual(scene.sentRecords, ["event-1", "event-3"])
        assert.deepStrictEqual([scene.waiting, scene.twice], [[], []])
      }),
    )
  })

  it.effect("keeps what fails once more, with one attempt more and what went wrong this time", () => {
    const scene = new Scene(records(4).map((record) => ({ ...record, bad: record.serial % 2 === 0 })))
    return scene.process(
      Effect.gen(function* () {
        yield* passing("1 minute")
        yield* scene.putLetters(() => "validation_failed")
        yield* TestClock.adjust("1 hour")
        const { counts, failures } = yield* replay()
        assert.deepStrictEqual(counts, { taken: 4, delivered: 2, known: 0, failed: 2, left: 0 })
        assert.deepStrictEqual(scene.waiting, ["event-0", "event-2"])
        assert.deepStrictEqual(failures[1], {
          key: "failed_60_2",
          event_id: "event-2",
          reason: "normalization_failed",
          error: "ts: expected a number",
        })
        const letter = Option.getOrThrow(yield* (yield* DeadLetters).get("failed_60_2"))
        assert.deepInclude(letter.file, {
          attempts: 2,
          reason: "normalization_failed",
          error: "ts: expected a number",
          timestamp: "1970-01-01T00:01:00.000Z",
          last_attempt: "1970-01-01T01:01:00.000Z",
        })
      }),
    )
  })

  it.effect("keeps what the manager refuses while its neighbours arrive", () => {
    const scene = new Scene(records(6))
    scene.arrival = (id) => (id === "event-3" ? undefined : 1000)
    return scene.process(
      Effect.gen(function* () {
        yield* scene.putLetters(() => "verification_failed")
        const { counts } = yield* replay()
        assert.deepInclude(counts, { delivered: 5, failed: 1 })
        assert.deepStrictEqual(scene.waiting, ["event-3"])
        assert.strictEqual(scene.sentRecords.filter((id) => id === "event-3").length, 3)
      }),
    )
  })

  it.effect("waits for a feed that is just sending the event of a letter", () => {
    const scene = new Scene(records(2))
    return scene.process(
      Effect.gen(function* () {
        yield* scene.putLetters()
        const { claim, forgo } = yield* InFlight
        const event = {
          id: "event-0",
          type: "flow" as const,
          timeMillis: 0,
          json: "{}",
          bytes: 2,
          envelope: scene.envelopeOf(0),
        }
        yield* claim([event])
        const replaying = yield* begun(replayLetters({}))
        yield* passing("1 minute")
        assert.deepStrictEqual([scene.sentRecords, scene.waiting], [[], ["event-0", "event-1"]])
        scene.indexer.index("event-0")
        yield* forgo([event])
        yield* passing("1 minute")
        const { counts } = yield* Fiber.join(replaying)
        assert.deepStrictEqual(counts, { taken: 2, delivered: 1, known: 1, failed: 0, left: 0 })
        assert.deepStrictEqual([scene.sentRecords, scene.waiting], [["event-1"], []])
      }),
    )
  })

  it.effect("does not bring back what is purged meanwhile", () => {
    const scene = new Scene(records(2))
    scene.arrival = () => 60_000
    return scene.process(
      Effect.gen(function* () {
        yield* scene.putLetters()
        const replaying = yield* begun(replayLetters({}))
        yield* passing("10 seconds")
        yield* (yield* DeadLetters).purge({})
        yield* passing("5 minutes")
        assert.deepInclude((yield* Fiber.join(replaying)).counts, { delivered: 2 })
        assert.deepStrictEqual(scene.waiting, [])
      }),
    )
  })

  const reasonOf = (n: number) => (n % 2 === 0 ? "storage_failed" : "normalization_failed")
  const cases: ReadonlyArray<readonly [string, ReplayRequest, ReadonlyArray<number>]> = [
    ["a reason", { reason: "storage_failed" }, [0, 2, 4]],
    ["a source that has none", { source: "hec" }, []],
    ["a source", { source: "test", limit: 2 }, [0, 1]],
    ["an id", { id: "event-3" }, [3]],
    ["an id that does not wait", { id: "event-9" }, []],
    ["an id of another reason", { id: "event-3", reason: "storage_failed" }, []],
    [
      "keys, with one that is gone and one that is hostile",
      { keys: ["failed_0_4", "failed_7_7", "../x"] },
      [4],
    ],
    ["a key that is named twice", { keys: ["failed_0_1", "failed_0_1"] }, [1]],
    ["keys and a limit", { keys: ["failed_0_4", "failed_0_1", "failed_0_0"], limit: 2 }, [4, 1]],
    ["a limit", { limit: 2, reason: "normalization_failed" }, [1, 3]],
    ["a limit of nothing", { limit: 0 }, []],
  ]
  for (const [what, request, expected] of cases)
    it.effect(`takes only what was asked for: ${what}`, () => {
      const scene = new Scene(records(5))
      return scene.process(
        Effect.gen(function* () {
          yield* scene.putLetters(reasonOf)
          const { counts } = yield* replay(request)
          assert.strictEqual(counts.delivered, expected.length)
          assert.deepStrictEqual(
            scene.sentRecords,
            expected.map((n) => `event-${n}`),
          )
        }),
      )
    })

  it.effect("sends no faster than asked for", () => {
    const scene = new Scene(records(35))
    return scene.process(
      Effect.gen(function* () {
        yield* scene.putLetters()
        const replaying = yield* begun(replayLetters({ perSecond: 5 }))
        const begin = yield* Clock.currentTimeMillis
        for (let second = 1; second <= 6; second++) {
          yield* passing("1 second")
          const passed = ((yield* Clock.currentTimeMillis) - begin) / 1000
          assert.isAtMost(scene.sentRecords.length, 5 * (passed + 1))
          assert.isAtLeast(scene.sentRecords.length, 5 * passed - 5)
        }
        yield* passing("1 minute")
        yield* Fiber.join(replaying)
        assert.deepStrictEqual(scene.waiting, [])
      }),
    )
  })

  it.effect("stopped, it settles what is sent and leaves the rest", () => {
    const scene = new Scene(records(35))
    scene.arrival = () => 3000
    return scene.process(
      Effect.gen(function* () {
        yield* scene.putLetters()
        const replaying = yield* begun(replayLetters({ perSecond: 5 }))
        yield* passing("3 seconds")
        yield* (yield* Stop).request
        yield* passing("1 minute")
        const { complete, counts } = yield* Fiber.join(replaying)
        assert.isFalse(complete)
        assert.isAbove(counts.delivered, 5)
        assert.isBelow(counts.delivered, 30)
        assert.strictEqual(counts.taken, counts.delivered + counts.left)
        assert.deepStrictEqual([scene.lost, scene.twice], [[], []])
        assert.strictEqual(scene.waiting.length, 35 - counts.delivered)
      }),
    )
  })

  it.effect("killed at any moment, the next one makes up for it: nothing lost, nothing twice", () => {
    const scenes = Array.from({ length: 60 }, (_, n) => ({
      scene: new Scene(records(30)),
      killedAfter: (n + 1) * 50,
    }))
    const found = new Set<string>()
    return Effect.forEach(
      scenes,
      Effect.fnUntraced(function* ({ killedAfter, scene }) {
        scene.arrival = (_, nth) => 500 + nth
        yield* scene.process(scene.putLetters())
        yield* scene.process(
          Effect.gen(function* () {
            const replaying = yield* begun(replayLetters({ perSecond: 10 }))
            yield* passing(killedAfter)
            yield* Fiber.interrupt(replaying)
            // What was handed over arrives; a start waits for that (`clearTheWay`).
            yield* passing("10 seconds")
          }),
        )
        assert.deepStrictEqual(scene.lost, [])
        const { counts } = yield* scene.process(replay())
        assert.strictEqual(counts.taken, counts.delivered + counts.known, `after ${killedAfter} ms`)
        assert.deepStrictEqual([scene.lost, scene.twice, scene.waiting], [[], [], []])
        if (counts.taken < 30) found.add("some were removed before the kill")
        if (counts.known > 0) found.add("some were sent and not removed")
        if (counts.delivered > 0) found.add("some were not sent")
      }),
      { discard: true },
    ).pipe(Effect.andThen(Effect.sync(() => assert.strictEqual(found.size, 3))))
  })
})
