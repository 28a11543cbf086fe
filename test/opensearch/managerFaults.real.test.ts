/** The manager and the shipper fail, and a real OpenSearch says what came of it. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { onOwnNode } from "./realNode.ts"
import { onRealStage, REAL_TIMEOUT, type RealStage, SLOW } from "./realStage.ts"

const queued = (stage: RealStage, atLeast: number) =>
  stage.until(
    `the manager has ${atLeast} in its queue`,
    Effect.map(stage.world.manager.counters, (counters) => counters.queued >= atLeast),
  )

onOwnNode("the manager's faults on a real OpenSearch", (node) => {
  it.live(
    "stopped for longer than a poll, and restarted at once: each time its socket is another one",
    () =>
      onRealStage(
        node,
        { seed: 31, flows: { count: 1000, span: "8 hours" }, manager: { serviceRate: SLOW } },
        (stage) =>
          Effect.gen(function* () {
            const { manager } = stage.world
            // It first works off its queue.
            const stopGracefully = Effect.andThen(stage.hurry, manager.stopGracefully)
            yield* stage.searchable(100)
            yield* stopGracefully
            yield* stage.hasLine("writer.holding")
            yield* Effect.sleep("2 seconds")
            yield* manager.setServiceRate(SLOW)
            yield* manager.start
            yield* stage.hasLine("writer.resumed")
            yield* stage.searchable(650)
            yield* stopGracefully
            yield* manager.start
            const { documents } = yield* stage.endsWell
            assert.strictEqual(documents, 1000)
          }),
      ),
    REAL_TIMEOUT,
  )

  it.live(
    "killed with thousands of accepted events in its queue: those are proven lost and written again",
    () =>
      onRealStage(
        node,
        {
          seed: 32,
          flows: { count: 3000, span: "8 hours" },
          manager: { serviceRate: 100 },
          set: { "verify.max_unconfirmed_events": 20_000, "batch.max_events": 500 },
        },
        (stage) =>
          Effect.gen(function* () {
            const { manager } = stage.world
            yield* stage.searchable(1)
            yield* manager.pause
            yield* queued(stage, 2000)
            const { queued: gone } = yield* manager.counters
            yield* manager.kill
            yield* Effect.sleep("1 second")
            yield* manager.setServiceRate(4000)
            yield* manager.start
            yield* manager.resume
            const { documents } = yield* stage.endsWell
            assert.strictEqual(documents, 3000)
            // Some of those in the queue were canaries.
            assert.isAtLeast(yield* stage.lostEvents, gone - 50)
            assert.strictEqual((yield* stage.letters).length, 0)
          }),
      ),
    REAL_TIMEOUT,
  )

  it.live(
    "a decode queue that drops one in ten: each is proven lost and arrives once",
    () =>
      onRealStage(
        node,
        {
          seed: 33,
          flows: { count: 800, span: "8 hours" },
          manager: { serviceRate: 800 },
          set: { "verify.max_unconfirmed_events": 2000 },
        },
        (stage) =>
          Effect.gen(function* () {
            const { manager } = stage.world
            yield* manager.dropRandomly(0.1, true)
            yield* stage.searchable(600)
            yield* manager.dropRandomly(0)
            const { documents } = yield* stage.endsWell
            assert.strictEqual(documents, 800)
            assert.isAtLeast(yield* stage.lostEvents, 30)
            assert.strictEqual((yield* stage.letters).length, 0)
          }),
      ),
    REAL_TIMEOUT,
  )

  it.live(
    "a shipper that stands still, and then loses its registry: late is not lost, and its doubles are not ours",
    () =>
      onRealStage(
        node,
        {
          seed: 34,
          flows: { count: 600, span: "2 hours" },
          manager: { serviceRate: SLOW },
          shipper: { keepAlerts: true },
          set: { "source.firewalla.feeds.flows.overlap": "6 hours", "verify.stalled_after": "2 seconds" },
        },
        (stage) =>
          Effect.gen(function* () {
            const { shipper } = stage.world
            yield* stage.searchable(100)
            yield* shipper.pause
            yield* stage.hasLine("delivery.stalled")
            yield* Effect.sleep("5 seconds")
            yield* shipper.resume
            yield* stage.hasLine("delivery.recovered")
            yield* stage.hurry
            yield* stage.searchable(600)
            yield* stage.nextLine("poll.finished")
            assert.strictEqual((yield* stage.equation).documents, 600)
            assert.strictEqual(yield* stage.lostEvents, 0)
            yield* shipper.loseRegistry
            yield* stage.until(
              "all of it is there twice",
              Effect.map(stage.equation, ({ documents }) => documents >= 1200),
            )
            yield* stage.nextLine("poll.finished", ({ duplicated }) => Number(duplicated) >= 599)
            const { documents } = yield* stage.endsWell
            assert.strictEqual(documents, 1200)
          }),
      ),
    REAL_TIMEOUT,
  )
})
