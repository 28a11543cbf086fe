import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, FileSystem, Layer, Option, Stream } from "effect"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import * as MemoryCheckpoints from "../../src/checkpoints/MemoryCheckpoints.ts"
import type { EventType } from "../../src/domain/Event.ts"
import type { Feed } from "../../src/sources/Source.ts"
import { parsePlace, takeOver } from "../../src/sync/earlierPoller.ts"
import { checkpointAt } from "../contracts/Checkpoints.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"

const NOW = Date.UTC(2026, 1, 22, 20)
const PLACE = Date.UTC(2026, 1, 22, 19, 13, 4)

describe("the time in a state file of the earlier poller", () => {
  for (const [text, expected] of [
    ["1771787584", PLACE],
    ["1771787584.0\n", PLACE],
    ["1771787584.123456", PLACE + 123],
    ["2026-02-22T19:13:04Z", PLACE],
    ["2026-02-22T19:13:04.500+00:00", PLACE + 500],
    ["2026-02-22T20:13:04+01:00", PLACE],
    ["2026-02-22 19:13:04\n", PLACE],
    ["", undefined],
    ["0", undefined],
    ["17717", undefined],
    ["1771787584000", undefined],
    ["-1771787584", undefined],
    ["1.77e9", undefined],
    ["nan", undefined],
    ["2026-02-30T99:00:00Z", undefined],
    ["2026-02-22", undefined],
    ["1771787584 garbage", undefined],
    ["2026-02-22T20:00:01Z", undefined],
  ] as const)
    it(`${JSON.stringify(text)} is ${expected === undefined ? "none" : new Date(expected).toISOString()}`, () => {
      assert.strictEqual(parsePlace(text, NOW), expected)
    })
})

const feedOf = (name: string, eventType: EventType): Feed => ({
  name: `firewalla-msp/${name}`,
  eventType,
  interval: () => Duration.minutes(5),
  poll: () => Stream.empty,
})
const FEEDS = [feedOf("alarms", "alarm"), feedOf("flows", "flow"), feedOf("devices", "device_change")]

describe("takeOver", () => {
  const inFolder = (
    files: Readonly<Record<string, string>>,
    check: (
      lines: ReadonlyArray<LogLine>,
      upTo: (feed: string) => Effect.Effect<unknown>,
    ) => Effect.Effect<void>,
    before: Effect.Effect<void, never, Checkpoints> = Effect.void,
  ) => {
    const lines: Array<LogLine> = []
    return Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" })
      for (const [name, text] of Object.entries(files)) yield* fs.writeFileString(`${folder}/${name}`, text)
      yield* before
      yield* takeOver(FEEDS, folder)
      const checkpoints = yield* Checkpoints
      yield* check(lines, (feed) =>
        Effect.map(Effect.orDie(checkpoints.load(`firewalla-msp/${feed}`)), (loaded) =>
          Option.getOrUndefined(
            Option.map(loaded, ({ position }) => position.kind === "time" && position.up_to),
          ),
        ),
      )
    }).pipe(
      Effect.scoped,
      Effect.provide([NodeServices.layer, MemoryCheckpoints.layer, Layer.fresh(recordLogs(lines))]),
    )
  }

  it.live("begins each feed where its file says, and says so", () =>
    inFolder(
      { "last_alarm_ts.txt": "1771787584.5", "last_flow_ts.txt": "2026-02-22T19:13:04Z" },
      Effect.fnUntraced(function* (lines, upTo) {
        assert.deepStrictEqual(
          [yield* upTo("alarms"), yield* upTo("flows"), yield* upTo("devices")],
          [PLACE + 500, PLACE, undefined],
        )
        assert.deepStrictEqual(
          lines.map(({ event, fields }) => [event, fields.feed, fields.from]),
          [
            ["state.taken_over", "firewalla-msp/alarms", "2026-02-22T19:13:04.500Z"],
            ["state.taken_over", "firewalla-msp/flows", "2026-02-22T19:13:04.000Z"],
          ],
        )
      }),
    ),
  )

  it.live("warns of a damaged file, and leaves the feed to its first run", () =>
    inFolder(
      { "last_alarm_ts.txt": "\u0000\u0000", "last_flow_ts.txt": "1771787584" },
      Effect.fnUntraced(function* (lines, upTo) {
        assert.isUndefined(yield* upTo("alarms"))
        assert.strictEqual(yield* upTo("flows"), PLACE)
        assert.deepStrictEqual(
          lines.map(({ event, level }) => [event, level]),
          [
            ["state.ignored", "Warn"],
            ["state.taken_over", "Info"],
          ],
        )
      }),
    ),
  )

  it.live("does not touch a feed that has a checkpoint", () =>
    inFolder(
      { "last_flow_ts.txt": "1771787584" },
      Effect.fnUntraced(function* (lines, upTo) {
        assert.strictEqual(yield* upTo("flows"), PLACE + 1000)
        assert.isEmpty(lines)
      }),
      Effect.flatMap(Checkpoints, (checkpoints) =>
        Effect.orDie(checkpoints.commit(checkpointAt("firewalla-msp/flows", PLACE + 1000))),
      ),
    ),
  )

  it.live("finds nothing where there is nothing", () =>
    inFolder({}, (lines) => Effect.sync(() => assert.isEmpty(lines))),
  )
})
