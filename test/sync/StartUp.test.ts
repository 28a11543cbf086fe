/** The outcomes of the start-up sync, between runs of Waybill over real sockets and HTTP. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { LogLine } from "../e2e/logLines.ts"
import { onStage, type Stage, stopped, TEST_TIMEOUT } from "../e2e/world.ts"
import { loseNewest } from "./indexLoss.ts"

const WORLD = {
  flows: { count: 300, span: "3 hours" },
  indexer: { keepDocuments: true },
  set: { "source.firewalla.feeds.flows.overlap": "0 seconds" },
} as const
const FLOWS = "firewalla-msp/flows"

/** One run to the end of a poll; answers the lines about the sync that it has written. */
const oneRun = Effect.fnUntraced(function* (stage: Stage, during: Effect.Effect<void> = Effect.void) {
  const before = (yield* stage.lines).length
  const polled = yield* stage.countLines("poll.finished")
  const waybill = yield* stage.start
  yield* during
  yield* stage.until(
    "a poll has finished",
    Effect.map(stage.countLines("poll.finished"), (now) => now > polled),
  )
  assert.strictEqual(yield* stopped(waybill), 0)
  return (yield* stage.lines).slice(before)
})

const outcomes = (lines: ReadonlyArray<LogLine>): ReadonlyArray<LogLine> =>
  lines.filter(({ event }) => event.startsWith("sync."))

describe("start-up sync", () => {
  it.live(
    "tells one outcome for each feed and start: no data at first, in-sync later",
    () =>
      onStage(
        {
          ...WORLD,
          alarms: { count: 40, span: "3 hours" },
          set: {
            ...WORLD.set,
            "source.firewalla.feeds.alarms.enabled": true,
            "source.firewalla.feeds.devices.enabled": true,
          },
        },
        (stage) =>
          Effect.gen(function* () {
            const first = yield* stage.start
            yield* stage.arrived
            yield* stage.hasLine("poll.finished", ({ feed }) => feed === FLOWS)
            yield* stage.hasLine("poll.finished", ({ feed }) => feed === "firewalla-msp/alarms")
            assert.strictEqual(yield* stopped(first), 0)
            const feeds = ["firewalla-msp/alarms", FLOWS, "firewalla-msp/devices"]
            const found = (lines: ReturnType<typeof outcomes>) =>
              lines.map(({ event, feed }) => [feed, event])
            assert.deepStrictEqual(
              found(outcomes(yield* stage.lines)),
              feeds.map((feed) => [feed, "sync.no_data"]),
            )
            const second = outcomes(yield* oneRun(stage))
            assert.deepStrictEqual(found(second), [
              ["firewalla-msp/alarms", "sync.in_sync"],
              [FLOWS, "sync.in_sync"],
              ["firewalla-msp/devices", "sync.no_data"],
            ])
            assert.include(second[0]?.message, "in-sync")
            yield* stage.assertEquation
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "rewinds to what the index still has, and sends only what it has lost",
    () =>
      onStage(WORLD, (stage) =>
        Effect.gen(function* () {
          yield* oneRun(stage)
          yield* loseNewest(stage.indexer, 120)
          assert.strictEqual((yield* stage.equation).lost.length, 120)
          const lines = yield* oneRun(stage, stage.arrived)
          const [line, ...more] = outcomes(lines)
          assert.deepStrictEqual(more, [])
          assert.strictEqual(line?.event, "sync.rewound")
          assert.match(line?.message ?? "", /rewound from \S+Z to \S+Z/)
          const written = lines.flatMap(({ event, events }) =>
            event === "batch.written" ? [Number(events)] : [],
          )
          assert.strictEqual(
            written.reduce((sum, n) => sum + n, 0),
            120,
          )
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "uses the checkpoint where the index is ahead of it, and sends nothing again",
    () =>
      onStage(WORLD, (stage) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          yield* oneRun(stage)
          const half = stage.world.msp.flows.timeOf(150)
          const file = stage.checkpointFile("flows")
          const newest = { id: "", time: 0 }
          const { eventId, eventTime } = stage.indexer.store.columns
          for (const [row, time] of eventTime.entries())
            if (time <= half && time > newest.time) Object.assign(newest, { id: eventId[row], time })
          const older = {
            version: 1,
            feed: FLOWS,
            position: { kind: "time", up_to: half },
            newest,
            confirmed: 150,
            committed_at: new Date().toISOString(),
          }
          yield* fs.writeFileString(file, JSON.stringify(older))
          const lines = yield* oneRun(stage)
          assert.deepStrictEqual(
            outcomes(lines).map(({ event }) => event),
            ["sync.indexer_ahead"],
          )
          assert.isEmpty(lines.filter(({ event }) => event === "batch.written"))
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "goes on without an indexer, sends nothing, and compares after all when it answers",
    () =>
      onStage({ ...WORLD, set: { ...WORLD.set, "verify.startup_timeout": "1 second" } }, (stage) =>
        Effect.gen(function* () {
          yield* oneRun(stage)
          yield* loseNewest(stage.indexer, 50)
          yield* stage.indexer.goDown
          const lines = yield* oneRun(
            stage,
            Effect.gen(function* () {
              yield* stage.hasLine("sync.skipped")
              yield* Effect.sleep("1 second")
              assert.strictEqual((yield* stage.equation).lost.length, 50)
              yield* stage.indexer.comeBack
              yield* stage.arrived
            }),
          )
          const [skipped, late, ...more] = outcomes(lines)
          assert.deepStrictEqual(more, [])
          assert.strictEqual(skipped?.event, "sync.skipped")
          assert.include(skipped?.message, "skipped (indexer unreachable)")
          assert.strictEqual(late?.event, "sync.late")
          assert.strictEqual(late?.outcome, "rewound")
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "begins where the earlier poller had come to, and tells once what the source no longer has",
    () =>
      onStage({ ...WORLD, set: { ...WORLD.set, "source.firewalla.retention": "2 hours" } }, (stage) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          yield* fs.makeDirectory(stage.stateFolder, { recursive: true })
          const place = Math.floor(Date.now() / 1000) - 9_000
          yield* fs.writeFileString(`${stage.stateFolder}/last_flow_ts.txt`, `${place}.25\n`)
          const waybill = yield* stage.start
          yield* stage.nextLine("poll.finished", undefined, 3)
          assert.strictEqual(yield* stopped(waybill), 0)
          const lines = yield* stage.lines
          const taken = lines.find(({ event }) => event === "state.taken_over")
          assert.strictEqual(taken?.from, new Date(place * 1000 + 250).toISOString())
          const gaps = lines.filter(({ event }) => event === "gap.lost")
          assert.strictEqual(gaps.length, 1)
          assert.strictEqual(gaps[0]?.level, "error")
          assert.strictEqual(gaps[0]?.from, taken?.from)
          assert.closeTo(Date.parse(String(gaps[0]?.to)), Date.now() - 7_200_000, 30_000)
          // Nothing from before the place of the earlier poller was asked for.
          assert.isBelow((yield* stage.equation).searchable, 220)
        }),
      ),
    TEST_TIMEOUT,
  )
})

describe("verify.mode", () => {
  it.live(
    "startup-only: finds at the next start what was lost, and does not search for what it writes",
    () =>
      onStage({ ...WORLD, set: { ...WORLD.set, "verify.mode": "startup-only" } }, (stage) =>
        Effect.gen(function* () {
          const first = yield* oneRun(stage, stage.arrived)
          assert.isNotEmpty(first.filter(({ event }) => event === "verify.limited"))
          yield* loseNewest(stage.indexer, 70)
          const second = yield* oneRun(stage, stage.arrived)
          assert.deepStrictEqual(
            outcomes(second).map(({ event }) => event),
            ["sync.rewound"],
          )
          // Its checkpoints are ahead of the index, as it says at the start.
          const { lost, twice } = yield* stage.equation
          assert.deepStrictEqual([lost, twice], [[], []])
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "startup-only: does not take for lost what is still on its way",
    () =>
      onStage({ ...WORLD, set: { ...WORLD.set, "verify.mode": "startup-only" } }, (stage) =>
        Effect.gen(function* () {
          const { msp, shipper } = stage.world
          // Nothing but the canary gets through before the shipper stands still.
          yield* msp.inject({ endpoint: "flows", fault: { kind: "status", status: 503 }, times: Infinity })
          yield* oneRun(
            stage,
            Effect.gen(function* () {
              yield* stage.hasLine("canary.confirmed")
              yield* shipper.pause
              yield* msp.clearFaults
            }),
          )
          assert.strictEqual((yield* stage.equation).lost.length, 300)
          const before = yield* stage.lines
          const second = yield* oneRun(
            stage,
            Effect.gen(function* () {
              yield* Effect.sleep("2500 millis")
              assert.isEmpty(outcomes((yield* stage.lines).slice(before.length)))
              yield* shipper.resume
            }),
          )
          assert.deepStrictEqual(
            outcomes(second).map(({ event }) => event),
            ["sync.in_sync"],
          )
          yield* stage.arrived
          const { lost, twice } = yield* stage.equation
          assert.deepStrictEqual([lost, twice], [[], []])
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "startup-only: an indexer that is away holds nothing up",
    () =>
      onStage(
        {
          ...WORLD,
          set: { ...WORLD.set, "verify.mode": "startup-only", "verify.startup_timeout": "1 second" },
        },
        (stage) =>
          Effect.gen(function* () {
            yield* stage.indexer.goDown
            const lines = yield* oneRun(stage)
            assert.deepStrictEqual(
              outcomes(lines).map(({ event }) => event),
              ["sync.skipped"],
            )
            assert.isEmpty(lines.filter(({ event }) => event.startsWith("canary.")))
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "off: asks no indexer anything, and sends the overlap of its own polls only once",
    () =>
      onStage(
        {
          ...WORLD,
          set: { "verify.mode": "off", "indexer.url": "https://127.0.0.1:9" },
        },
        (stage) =>
          Effect.gen(function* () {
            const waybill = yield* stage.start
            yield* stage.nextLine("poll.finished", undefined, 3)
            assert.strictEqual(yield* stopped(waybill), 0)
            const { counts, refused, searches } = yield* stage.indexer.requests
            assert.deepStrictEqual([counts, refused, searches], [0, 0, 0])
            const lines = yield* stage.lines
            assert.isEmpty(outcomes(lines))
            assert.isEmpty(lines.filter(({ message }) => /searchable|is confirmed/.test(message)))
            yield* Effect.sleep("500 millis")
            const { lost, twice } = yield* stage.equation
            assert.deepStrictEqual([lost, twice], [[], []])
          }),
      ),
    TEST_TIMEOUT,
  )
})
