import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import * as NoDeadLetters from "../../src/dead-letters/NoDeadLetters.ts"
import { changesOf, type Glance, NOTHING_TOLD, type Told, tellStatus } from "../../src/status/watch.ts"
import * as WritingVerifier from "../../src/verify/WritingVerifier.ts"
import { recordedStatus } from "./recordedStatus.ts"

const glance = (changes: Partial<Glance> = {}): Glance => ({
  now: 600_000,
  unconfirmed: 0,
  stalled: undefined,
  indexer: "available",
  deadLetters: 0,
  ...changes,
})
const stalled = glance({ unconfirmed: 40, stalled: { since: 480_000, stage: "chain" } })
const wasStalled: Told = { stalledSince: 480_000, deadLetters: 2 }

describe("changesOf", () => {
  for (const [what, told, seen, kinds, after] of [
    ["nothing", NOTHING_TOLD, glance(), [], NOTHING_TOLD],
    ["a stall", NOTHING_TOLD, stalled, ["stalled"], { stalledSince: 480_000, deadLetters: 0 }],
    ["a stall that goes on", wasStalled, { ...stalled, deadLetters: 2 }, [], wasStalled],
    [
      "its end",
      wasStalled,
      glance({ deadLetters: 2 }),
      ["recovered"],
      { stalledSince: undefined, deadLetters: 2 },
    ],
    [
      "dead letters",
      NOTHING_TOLD,
      glance({ deadLetters: 3 }),
      ["dead_letters"],
      { stalledSince: undefined, deadLetters: 3 },
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
    const { changes } = changesOf({ stalledSince: undefined, deadLetters: 2 }, glance({ deadLetters: 5 }))
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

  it.effect("beats never at zero", () => {
    const { telling, told } = scene(Duration.zero)
    return Effect.gen(function* () {
      yield* telling
      yield* TestClock.adjust("1 day")
      assert.isEmpty(told)
    })
  })
})
