import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import * as NoDeadLetters from "../../src/dead-letters/NoDeadLetters.ts"
import * as RunStatus from "../../src/status/RunStatus.ts"
import { changesOf, type Glance, NOTHING_TOLD, type Told, tellStatus } from "../../src/status/watch.ts"
import * as WritingVerifier from "../../src/verify/WritingVerifier.ts"
import { recordedStatus } from "./recordedStatus.ts"

const glance = (changes: Partial<Glance> = {}): Glance => ({
  now: 600_000,
  unconfirmed: 0,
  stalled: undefined,
  indexer: "available",
  deadLetters: 0,
  troubles: [],
  ...changes,
})
const stalled = glance({ unconfirmed: 40, stalled: { since: 480_000, stage: "chain" } })
const wasStalled: Told = { ...NOTHING_TOLD, stalledSince: 480_000, deadLetters: 2 }

describe("changesOf", () => {
  for (const [what, told, seen, kinds, after] of [
    ["nothing", NOTHING_TOLD, glance(), [], NOTHING_TOLD],
    ["a stall", NOTHING_TOLD, stalled, ["stalled"], { ...NOTHING_TOLD, stalledSince: 480_000 }],
    ["a stall that goes on", wasStalled, { ...stalled, deadLetters: 2 }, [], wasStalled],
    ["its end", wasStalled, glance({ deadLetters: 2 }), ["recovered"], { ...NOTHING_TOLD, deadLetters: 2 }],
    [
      "dead letters",
      NOTHING_TOLD,
      glance({ deadLetters: 3 }),
      ["dead_letters"],
      { ...NOTHING_TOLD, deadLetters: 3 },
    ],
    ["dead letters of which it was told", wasStalled, { ...stalled, deadLetters: 2 }, [], wasStalled],
  ] as const)
    it(`tells of ${what}`, () => {
      const { changes, told: next } = changesOf(told, seen)
      assert.deepStrictEqual(
        changes.map(({ kind }) => kind),
        [...kinds],
      )
      assert.deepStrictEqual(next, after)
    })

  it("counts only the letters that are new", () => {
    const { changes } = changesOf({ ...NOTHING_TOLD, deadLetters: 2 }, glance({ deadLetters: 5 }))
    assert.deepStrictEqual(changes[0]?.fields, { new: 3, written: 5 })
  })
})

describe("tellStatus", () => {
  const letters = { written: 0 }
  const scene = (heartbeat: Duration.Duration) => {
    const status = recordedStatus()
    letters.written = 0
    const layer = Layer.mergeAll(
      status.layer,
      WritingVerifier.layer,
      Layer.effect(
        DeadLetters,
        Effect.map(DeadLetters, (below) => ({
          ...below,
          stats: Effect.map(below.stats, (stats) => ({ ...stats, written: letters.written })),
        })),
      ).pipe(Layer.provide(NoDeadLetters.layerLooking)),
    )
    const telling = Effect.forkChild(tellStatus({ version: "1.2.3", heartbeat: () => heartbeat })).pipe(
      Effect.provide(layer),
    )
    return { told: status.told, telling }
  }

  it.effect("beats at its interval, and tells of dead letters in between", () => {
    const { telling, told } = scene(Duration.minutes(5))
    return Effect.gen(function* () {
      yield* telling
      yield* TestClock.adjust("1 minute")
      letters.written = 1
      yield* TestClock.adjust("15 minutes")
      assert.deepStrictEqual(
        told.map(({ kind }) => kind),
        ["dead_letters", "heartbeat", "heartbeat", "heartbeat"],
      )
      const last = Option.fromNullishOr(told.at(-1))
      assert.include(Option.getOrThrow(last).fields, {
        version: "1.2.3",
        uptime_seconds: 900,
        dead_letters: 1,
      })
    })
  })

  it.effect("tells of a source that can't be read, at first and every ten minutes, until it can be", () => {
    const { telling, told } = scene(Duration.zero)
    return Effect.gen(function* () {
      const status = yield* RunStatus.RunStatus
      yield* telling
      yield* status.pollEnded("a/flows", { reason: "Unauthorized", message: "The token is refused." }, 60_000)
      yield* TestClock.adjust("50 seconds")
      assert.isEmpty(told, "it may be over soon")
      yield* TestClock.adjust("55 minutes")
      // Six within an hour: rule 100509.
      assert.strictEqual(told.length, 6)
      assert.deepStrictEqual(told[0], {
        kind: "error",
        message: "a/flows does not go on: The token is refused.",
        fields: { feed: "a/flows", reason: "Unauthorized" },
      })
      yield* status.fetched("a/flows", 1)
      yield* TestClock.adjust("1 day")
      assert.strictEqual(told.length, 6)
    }).pipe(Effect.provide(RunStatus.layer))
  })

  it.effect("beats never at zero", () => {
    const { telling, told } = scene(Duration.zero)
    return Effect.gen(function* () {
      yield* telling
      yield* TestClock.adjust("1 day")
      assert.isEmpty(told)
    })
  })
})
