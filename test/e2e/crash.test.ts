/**
 * SIGKILL at each step between fetching and committing, not only at random. A step is held open by what it waits for,
 * so that the kill surely falls into it.
 */
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, FileSystem, type Path, type PlatformError } from "effect"
import { onStage, type Stage, TEST_TIMEOUT } from "./world.ts"

type Act = (
  stage: Stage,
) => Effect.Effect<void, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path>

interface Step {
  readonly name: string
  /** Before the start: makes the run wait in this step. */
  readonly hold: Act
  /** Waits until the run is in it. */
  readonly reached: Act
  /** After the kill. */
  readonly free: Act
}

const COUNT = 5000
const nothing: Act = () => Effect.void
const temporary = (stage: Stage) => `${stage.checkpointFile("flows")}.tmp`

/** A folder where the checkpoint's temporary file would go: no commit can succeed. */
const blockCommits: Act = (stage) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeDirectory(temporary(stage), { recursive: true }))
const freeCommits: Act = (stage) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(temporary(stage), { recursive: true }))

const received = (stage: Stage) => Effect.map(stage.world.manager.counters, (counters) => counters.received)

/** Waits until nothing more comes to the manager. */
const sendingStops: Act = (stage) =>
  stage.until(
    "Waybill waits with its next event",
    Effect.gen(function* () {
      const before = yield* received(stage)
      yield* Effect.sleep("400 millis")
      return (yield* received(stage)) === before
    }),
  )

const STEPS: ReadonlyArray<Step> = [
  {
    name: "a canary is on its way",
    hold: (stage) => stage.world.shipper.pause,
    reached: (stage) => stage.nextLine("canary.sent"),
    free: (stage) => stage.world.shipper.resume,
  },
  {
    name: "a page is being fetched",
    hold: (stage) =>
      stage.world.msp.inject({ endpoint: "flows", page: 2, fault: { kind: "hang" }, times: Infinity }),
    reached: (stage) => stage.nextLine("checkpoint.committed"),
    free: (stage) => stage.world.msp.clearFaults,
  },
  {
    name: "the index is asked what it has",
    hold: (stage) =>
      stage.world.msp.inject({ endpoint: "flows", fault: { kind: "status", status: 503 }, times: Infinity }),
    reached: (stage) =>
      Effect.gen(function* () {
        yield* stage.nextLine("poll.failed")
        yield* stage.indexer.fault({ kind: "hang" })
        yield* stage.world.msp.clearFaults
        yield* stage.nextLine("indexer.unavailable")
      }),
    free: (stage) => stage.indexer.clearFault,
  },
  {
    name: "half of a batch is written, because the manager's queue has no more room",
    hold: nothing,
    reached: (stage) =>
      Effect.gen(function* () {
        yield* stage.nextLine("batch.written")
        yield* stage.world.manager.pause
        yield* sendingStops(stage)
      }),
    free: (stage) => stage.world.manager.resume,
  },
  {
    name: "batches are written, and none is searchable",
    hold: nothing,
    reached: (stage) =>
      Effect.gen(function* () {
        yield* stage.nextLine("batch.written")
        yield* stage.world.shipper.pause
        yield* sendingStops(stage)
      }),
    free: nothing,
  },
  {
    // Sent by the run before, in alerts.json and in no index: a look-up alone would not find it.
    name: "what the run before has sent is not searchable yet",
    hold: nothing,
    reached: (stage) =>
      Effect.gen(function* () {
        const before = yield* stage.countLines("batch.written")
        yield* stage.nextLine("canary.waiting")
        assert.strictEqual(yield* stage.countLines("batch.written"), before)
      }),
    free: (stage) => stage.world.shipper.resume,
  },
  {
    name: "batches are confirmed, and the checkpoint can't be written",
    hold: blockCommits,
    reached: (stage) => stage.nextLine("checkpoint.commit_failed"),
    free: freeCommits,
  },
  {
    name: "the old checkpoint is renamed, and the new one is not",
    hold: nothing,
    reached: (stage) => stage.nextLine("checkpoint.committed", () => true, 3),
    free: (stage) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const file = stage.checkpointFile("flows")
        yield* fs.rename(file, `${file}.previous`)
        yield* fs.writeFileString(temporary(stage), '{"version":1,"feed":"fire')
      }),
  },
  {
    name: "a checkpoint is cut in half by a full disk",
    hold: nothing,
    reached: (stage) =>
      Effect.andThen(
        stage.nextLine("checkpoint.recovered"),
        stage.nextLine("checkpoint.committed", () => true, 3),
      ),
    free: (stage) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const file = stage.checkpointFile("flows")
        const text = yield* fs.readFileString(file)
        yield* fs.writeFileString(file, text.slice(0, text.length / 2))
      }),
  },
]

describe("SIGKILL at a step", () => {
  it.live(
    "loses and doubles nothing, whichever it is",
    () =>
      onStage(
        {
          flows: { count: COUNT, span: "30 hours" },
          // So slow that no step is the last one; with small pages and batches, commits come soon all the same.
          manager: { serviceRate: 150 },
          // A share of 163 events: less than may be unconfirmed, so that the manager can be what is waited for.
          set: {
            "batch.max_events": 40,
            "source.firewalla.feeds.flows.page_size": 120,
            "writer.pacing.queue_share": 0.01,
            "source.firewalla.feeds.flows.slice": "5 hours",
          },
        },
        (stage) =>
          Effect.gen(function* () {
            for (const { name, hold, reached, free } of STEPS) {
              yield* hold(stage)
              const waybill = yield* stage.start
              yield* Effect.tapCause(reached(stage), () => Console.log(`while ${name}:`))
              yield* waybill.kill
              assert.isUndefined(yield* waybill.exitCode)
              yield* free(stage)
              const { twice } = yield* stage.equation
              assert.deepStrictEqual([...twice, ...stage.ahead], [], `after a kill while ${name}`)
            }
            assert.isBelow((yield* stage.equation).searchable, COUNT)
            yield* stage.hurry
            yield* stage.endsWell(yield* stage.start)
            assert.isAtLeast(yield* stage.countLines("checkpoint.recovered"), 2)
          }),
      ),
    TEST_TIMEOUT,
  )
})
