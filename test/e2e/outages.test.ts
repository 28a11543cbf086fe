/** What lies behind Waybill stays away, refuses, or takes its time: nothing is sent twice, and nothing is given up. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { IndexerFault } from "../../src/demo/indexer/SimulatedIndexer.ts"
import { onStage, SLOW_MANAGER, stopped, TEST_TIMEOUT } from "./world.ts"

const COUNT = 2500
const HELD = Effect.sleep("1200 millis")

const INDEXER_FAULTS: ReadonlyArray<readonly [name: string, fault: IndexerFault]> = [
  ["401", { kind: "status", status: 401 }],
  ["403", { kind: "status", status: 403 }],
  ["429", { kind: "status", status: 429 }],
  ["503", { kind: "status", status: 503 }],
  ["hanging", { kind: "hang" }],
  ["a failed shard", { kind: "failed-shards" }],
  ["a partial answer", { kind: "timed-out" }],
]

describe("outages", () => {
  it.live(
    `the indexer: down, ${INDEXER_FAULTS.map(([name]) => name).join(", ")}; no checkpoint moves meanwhile`,
    () =>
      onStage(
        {
          flows: { count: COUNT, span: "30 hours" },
          manager: { serviceRate: 250 },
          set: { "indexer.timeout_seconds": 0.5 },
        },
        (stage) =>
          Effect.gen(function* () {
            const { indexer } = stage
            const waybill = yield* stage.start
            yield* stage.searchable(50)
            const unavailable = stage.countLines("indexer.unavailable")
            const holds = Effect.fnUntraced(function* (name: string, fault: Effect.Effect<void>) {
              const before = yield* unavailable
              yield* fault
              yield* stage.until(
                `the indexer is known as unavailable: ${name}`,
                Effect.map(unavailable, (now) => now > before),
              )
              // A search that was answered before the fault may still be committed.
              yield* Effect.sleep("300 millis")
              const commits = yield* stage.countLines("checkpoint.committed")
              yield* HELD
              assert.strictEqual(yield* stage.countLines("checkpoint.committed"), commits, name)
            })
            for (const [name, fault] of INDEXER_FAULTS) {
              yield* holds(name, indexer.fault(fault))
              yield* indexer.clearFault
              yield* stage.nextLine("checkpoint.committed")
            }
            yield* holds("down", indexer.goDown)
            yield* indexer.comeBack
            yield* stage.endsWell(waybill)
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a shipper that stands still, and a refresh that takes long: late is not lost",
    () =>
      onStage({ flows: { count: 1200, span: "30 hours" }, manager: SLOW_MANAGER }, (stage) =>
        Effect.gen(function* () {
          const { shipper } = stage.world
          const waybill = yield* stage.start
          yield* stage.searchable(50)
          yield* shipper.pause
          yield* stage.hurry
          yield* stage.hasLine("batch.unconfirmed")
          yield* Effect.sleep("4 seconds")
          const waitedFor = stage.countLines("batch.confirmed", ({ lag_ms }) => Number(lag_ms) > 4000)
          const before = yield* waitedFor
          yield* stage.indexer.setRefreshInterval("6 seconds")
          yield* shipper.resume
          yield* stage.until(
            "batches have been waited for",
            Effect.map(waitedFor, (count) => count > before + 1),
          )
          yield* stage.indexer.setRefreshInterval("250 millis")
          yield* stage.endsWell(waybill)
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a shipper that loses its registry: the doubles are not of our making, and are told",
    () =>
      onStage(
        {
          flows: { count: 400, span: "30 hours" },
          shipper: { keepAlerts: true },
          set: { "source.firewalla.feeds.flows.overlap": "40 hours" },
        },
        (stage) =>
          Effect.gen(function* () {
            const waybill = yield* stage.start
            yield* stage.arrived
            yield* stage.nextLine("poll.finished")
            yield* stage.world.shipper.loseRegistry
            yield* stage.until(
              "all of it is there twice",
              Effect.map(stage.equation, ({ twice }) => twice.length === 400),
            )
            yield* stage.nextLine("poll.finished", ({ duplicated }) => Number(duplicated) >= 399)
            assert.strictEqual(yield* stage.copies, 800)
            assert.strictEqual(yield* stopped(waybill), 0)
            const { lost } = yield* stage.equation
            assert.deepStrictEqual([...lost, ...stage.ahead], [])
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a disk that takes no checkpoint, and then no dead letter: the feed holds, and goes on by itself",
    () =>
      onStage(
        {
          flows: { count: 300, span: "20 hours" },
          set: {
            "source.firewalla.feeds.flows.slice": "80 hours",
            "source.firewalla.feeds.flows.overlap": "40 hours",
            "source.firewalla.feeds.flows.first_run": "40 hours",
          },
        },
        (stage) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            // Root may write anywhere, but not a file where a folder is.
            const inTheWay = `${stage.checkpointFile("flows")}.tmp`
            yield* fs.makeDirectory(inTheWay, { recursive: true })
            const waybill = yield* stage.start
            yield* stage.nextLine("checkpoint.commit_failed", () => true, 2)
            assert.deepStrictEqual(stage.checkpoints, [])
            yield* stage.world.msp.inject({ page: 1, fault: { kind: "bad-record" }, times: Infinity })
            yield* fs.remove(`${stage.world.folder}/dlq`, { recursive: true })
            yield* fs.remove(inTheWay, { recursive: true })
            yield* stage.nextLine("dead_letter.failed", () => true, 2)
            yield* fs.makeDirectory(`${stage.world.folder}/dlq`)
            yield* stage.nextLine("dead_letter.written")
            yield* stage.world.msp.clearFaults
            yield* stage.nextLine("poll.finished", () => true, 2)
            assert.strictEqual(yield* stage.copies, 300)
            assert.strictEqual(yield* stopped(waybill), 0)
            // Its first record could be read in the first poll, and in those with the fault it could not.
            assert.deepStrictEqual((yield* stage.equation).twice, ["flows 0"])
            assert.deepStrictEqual((yield* stage.equation).lost, [])
            assert.deepStrictEqual(stage.ahead, [])
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a stop while nothing arrives: it waits as long as it may, says so, and the next start sends nothing twice",
    () =>
      onStage(
        {
          flows: { count: 600, span: "30 hours" },
          manager: SLOW_MANAGER,
          set: { "shutdown.drain_timeout": "1 second" },
        },
        (stage) =>
          Effect.gen(function* () {
            const { shipper } = stage.world
            const first = yield* stage.start
            yield* stage.hasLine("canary.confirmed")
            yield* shipper.pause
            yield* stage.hurry
            yield* stage.hasLine("batch.written")
            assert.strictEqual(yield* stopped(first), 0)
            assert.strictEqual(yield* stage.countLines("run.drain_incomplete"), 1)
            const second = yield* stage.start
            yield* Effect.sleep("2 seconds")
            yield* shipper.resume
            yield* stage.endsWell(second)
          }),
      ),
    TEST_TIMEOUT,
  )
})
