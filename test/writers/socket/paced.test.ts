/** The socket writer and its pacing together against the simulated manager, which drops when its queue is full. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, FileSystem, Layer } from "effect"
import { makeSimulatedManager, type SimulatedManager } from "../../../src/demo/manager/SimulatedManager.ts"
import { LongestWait } from "../../../src/retry/LongestWait.ts"
import { writeHolding } from "../../../src/writers/Held.ts"
import { Pacing } from "../../../src/writers/Pacing.ts"
import { pacingLayer } from "../../../src/writers/pacing/StatsPacing.ts"
import { socketWriterLayer } from "../../../src/writers/socket/SocketWriter.ts"
import { Writer } from "../../../src/writers/Writer.ts"
import { eventsOf, type LogLine, recordLogs, withoutLogs } from "../../support/logRecorder.ts"

const QUEUE_SIZE = 16_384
const flows = (count: number) =>
  Array.from({ length: count }, (_, n) => `{"source":"firewalla-msp","event_type":"flow","event_id":"f${n}"}`)

const start = Effect.fnUntraced(function* (serviceRate: number) {
  const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped({ prefix: "wb-" })
  const manager = yield* makeSimulatedManager({
    folder,
    seed: 1,
    serviceRate,
    swaps: 0,
    keepStatsOpen: false,
  })
  yield* manager.start
  return manager
})

const writerFor = (manager: SimulatedManager, pacing: Layer.Layer<Pacing>) =>
  socketWriterLayer({ path: manager.socketPath, location: "waybill", sendTimeout: "5 seconds" }).pipe(
    Layer.provide(pacing),
    Layer.build,
    Effect.map((context) => Context.get(context, Writer)),
  )

const paced = (manager: SimulatedManager) =>
  pacingLayer(manager.statsPath, () => ({
    queueShare: 0.5,
    eventsPerSecond: 500,
    burst: 100,
    chunk: 1000,
  }))

const unpaced = Layer.succeed(
  Pacing,
  Pacing.of({ permits: (wanted) => Effect.succeed(Math.min(wanted, 1000)), queueUsage: Effect.undefined }),
)

/** Waits until the manager has done with `count`, decoded or dropped. */
const settled = Effect.fnUntraced(function* (manager: SimulatedManager, count: number) {
  while (true) {
    const counters = yield* manager.counters
    if (counters.decoded + counters.dropped >= count) return counters
    yield* Effect.sleep("10 millis")
  }
})

describe("socket writer paced by the manager's statistics", () => {
  it.live(
    "unpaced, the manager drops what it can't take; paced, nothing, and the queue stays under half",
    () =>
      Effect.gen(function* () {
        const events = flows(40_000)
        const first = yield* start(10_000)
        yield* (yield* writerFor(first, unpaced)).write(events)
        assert.isAbove((yield* settled(first, events.length)).dropped, 1000)

        const second = yield* start(10_000)
        let peak = 0
        const watch = Effect.gen(function* () {
          while (true) {
            peak = Math.max(peak, (yield* second.counters).queued)
            yield* Effect.sleep("2 millis")
          }
        })
        const watching = yield* Effect.forkChild(watch)
        yield* (yield* writerFor(second, paced(second))).write(events)
        const counters = yield* settled(second, events.length)
        yield* Fiber.interrupt(watching)
        assert.deepStrictEqual([counters.dropped, counters.decoded], [0, events.length])
        assert.isAtMost(peak, QUEUE_SIZE / 2)
        assert.isAbove(peak, QUEUE_SIZE / 4)
      }).pipe(withoutLogs, Effect.provide(NodeServices.layer)),
  )

  it.live("a manager that goes away is held through, and paced by its statistics again afterwards", () =>
    Effect.gen(function* () {
      const lines: Array<LogLine> = []
      const events = flows(20_000)
      const manager = yield* start(10_000)
      const writer = yield* writerFor(manager, paced(manager))
      const writing = yield* writeHolding(events, { feed: "flows" }).pipe(
        Effect.provideService(LongestWait, Duration.millis(500)),
        Effect.provideService(Writer, writer),
        Effect.provide(recordLogs(lines)),
        Effect.forkChild,
      )
      yield* Effect.sleep("300 millis")
      yield* manager.stopGracefully
      const before = (yield* manager.counters).decoded
      yield* Effect.sleep("1500 millis")
      yield* manager.start
      yield* Fiber.join(writing)
      const counters = yield* settled(manager, events.length - before)
      assert.isAbove(before, 0)
      assert.deepStrictEqual([counters.dropped, before + counters.decoded], [0, events.length])
      const said = eventsOf(lines).filter((event) => String(event).startsWith("writer."))
      assert.deepStrictEqual(said, ["writer.reconnecting", "writer.holding", "writer.resumed"])
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
