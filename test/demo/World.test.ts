import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { flowHost } from "../../src/demo/msp/records.ts"
import type { Truth } from "../../src/demo/truth.ts"
import { makeWorld, type World, type WorldOptions } from "../../src/demo/World.ts"
import { flowMessage, flowMessages, makeSender } from "./manager/sender.ts"

const COUNT = 3_000
const withWorld = (options: WorldOptions = {}) =>
  makeWorld({
    flows: { count: COUNT, span: "30 hours" },
    indexer: { refreshInterval: 0 },
    shipper: { delay: "20 millis", keepAlerts: true },
    ...options,
  })

const until = (world: World, done: (truth: Truth) => boolean) =>
  world.truth.pipe(
    Effect.tap((truth) => (done(truth) ? Effect.void : Effect.sleep("20 millis"))),
    Effect.repeat({ while: (truth) => !done(truth) }),
    Effect.timeout("20 seconds"),
  )
const provided = Effect.provide(NodeServices.layer)
/** Long enough for anything that would come to come. */
const settle = Effect.sleep("300 millis")

describe("World", () => {
  it.live("counts by serials what went in at the socket and can be found in the index", () =>
    Effect.gen(function* () {
      const world = yield* withWorld()
      assert.strictEqual((yield* world.truth).lost, COUNT)
      const sender = yield* makeSender(world.manager.socketPath)
      yield* sender.send(flowMessages(COUNT).filter((_, i) => i !== 1_234))
      const truth = yield* until(world, ({ searchable }) => searchable === COUNT - 1)
      assert.strictEqual(truth.source, COUNT)
      assert.strictEqual(truth.lost, 1)
      assert.strictEqual(truth.duplicated, 0)
      assert.deepStrictEqual(truth.missing, ["flows 1234"])
      yield* sender.send([flowMessage(1_234), flowMessage(7)])
      const after = yield* until(world, ({ lost, duplicated }) => lost === 0 && duplicated === 1)
      assert.strictEqual(after.searchable, COUNT)
    }).pipe(Effect.scoped, provided),
  )

  it.live("doubles everything when the shipper loses its registry", () =>
    Effect.gen(function* () {
      const world = yield* withWorld()
      const sender = yield* makeSender(world.manager.socketPath)
      yield* sender.send(flowMessages(COUNT))
      yield* until(world, ({ lost }) => lost === 0)
      assert.strictEqual((yield* world.truth).duplicated, 0)
      yield* world.shipper.loseRegistry
      yield* until(world, ({ duplicated }) => duplicated === COUNT)
      yield* settle
      assert.strictEqual(world.indexer?.store.size(), 2 * COUNT)
    }).pipe(Effect.scoped, provided),
  )

  it.live("ships nothing while the shipper is paused, and catches up", () =>
    Effect.gen(function* () {
      const world = yield* withWorld()
      yield* world.shipper.pause
      const sender = yield* makeSender(world.manager.socketPath)
      yield* sender.send(flowMessages(COUNT))
      yield* settle
      assert.strictEqual((yield* world.truth).searchable, 0)
      assert.isAbove(yield* world.shipper.waiting, 100_000)
      yield* world.shipper.resume
      yield* until(world, ({ lost }) => lost === 0)
      assert.strictEqual(yield* world.shipper.shipped, COUNT)
    }).pipe(Effect.scoped, provided),
  )

  it.live("keeps what is shipped while the indexer is down, and indexes it once", () =>
    Effect.gen(function* () {
      const world = yield* withWorld()
      const indexer = world.indexer ?? assert.fail("no simulated indexer")
      yield* indexer.goDown
      const sender = yield* makeSender(world.manager.socketPath)
      yield* sender.send(flowMessages(COUNT))
      yield* settle
      assert.strictEqual((yield* world.truth).searchable, 0)
      yield* indexer.comeBack
      const truth = yield* until(world, ({ lost }) => lost === 0)
      assert.strictEqual(truth.duplicated, 0)
    }).pipe(Effect.scoped, provided),
  )

  it.live("does not count as lost what the source itself still holds back", () =>
    Effect.gen(function* () {
      const world = yield* withWorld()
      world.msp.flows.holdBack(world.msp.flows.timeOf(100), world.msp.flows.timeOf(200))
      const { source } = yield* world.truth
      assert.isAtMost(Math.abs(COUNT - 100 - source), 3)
      world.msp.flows.releaseAll()
      assert.strictEqual((yield* world.truth).source, COUNT)
      assert.strictEqual(flowHost(1_234), "host-0001234.example.net")
    }).pipe(Effect.scoped, provided),
  )
})
