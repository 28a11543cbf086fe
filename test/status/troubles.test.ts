import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as RunStatus from "../../src/status/RunStatus.ts"
import { dueTroubles, type ToldTroubles, troublesOf } from "../../src/status/troubles.ts"

const MINUTE = 60_000
const trouble = { key: "a/flows", message: "a/flows does not go on: away.", fields: {} }

describe("dueTroubles", () => {
  const since = (minutes: number, told?: number): ToldTroubles =>
    new Map([
      [
        trouble.key,
        {
          since: 100 * MINUTE - minutes * MINUTE,
          told: told === undefined ? undefined : 100 * MINUTE - told * MINUTE,
        },
      ],
    ])
  for (const [what, before, seen, isDue] of [
    ["is new", new Map(), [trouble], false],
    ["is there for half a minute", since(0.5), [trouble], false],
    ["lasts", since(1), [trouble], true],
    ["was told nine minutes ago", since(10, 9), [trouble], false],
    ["was told ten minutes ago", since(11, 10), [trouble], true],
    ["is over", since(11, 10), [], false],
  ] as const)
    it(`${isDue ? "tells" : "does not tell"} of one that ${what}`, () => {
      const { due, told } = dueTroubles(before, seen, 100 * MINUTE)
      assert.deepStrictEqual(due, isDue ? [trouble] : [])
      assert.deepStrictEqual(
        [...told.keys()],
        seen.map(({ key }) => key),
      )
    })
})

describe("troublesOf", () => {
  it.effect(
    "knows of feeds that fail and of disks that take nothing, and leaves the writer to the stall",
    () =>
      Effect.gen(function* () {
        const status = yield* RunStatus.RunStatus
        yield* status.pollEnded("a/flows", { reason: "Network", message: "It is away." }, 5_000)
        yield* status.pollEnded("a/alarms", undefined, 5_000)
        yield* status.pollEnded(
          "a/devices",
          { reason: "Unauthorized", message: "a/devices: GET /devices: no." },
          5_000,
        )
        yield* status.held("writer", "The manager is away.")
        yield* status.held("dlq", "The folder is full.")
        yield* status.held("spool", "The disk is full.")
        assert.deepStrictEqual(
          troublesOf(yield* status.snapshot).map(({ key, message }) => [key, message]),
          [
            ["a/flows", "a/flows does not go on: It is away."],
            ["a/devices", "a/devices: GET /devices: no."],
            ["dlq", "The folder is full. Feeds hold until it can."],
            ["spool", "The disk is full. No pushed event is taken until it can."],
          ],
        )
      }).pipe(Effect.provide(RunStatus.layer)),
  )
})
