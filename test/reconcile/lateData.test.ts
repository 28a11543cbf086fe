import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { quickWorld, startRun, until } from "./command.ts"

describe("the look back of waybill run", () => {
  it.live("finds events that appear hours late, and delivers them once", () =>
    Effect.gen(function* () {
      const { world, configFile } = yield* quickWorld(
        { flows: { count: 600, span: "12 hours" } },
        { "reconcile.interval": "2 seconds", "source.firewalla.feeds.flows.interval": "500 millis" },
      )
      const { flows } = world.msp
      flows.holdBack(flows.timeOf(200), flows.timeOf(260))
      const { source } = yield* world.truth
      assert.isBelow(source, 545)
      const running = yield* startRun(world, configFile)
      yield* until(world, ({ lost }) => lost === 0)
      flows.releaseAll()
      assert.strictEqual((yield* world.truth).lost, 600 - source)

      const truth = yield* until(world, ({ lost }) => lost === 0)
      assert.deepInclude(truth, { searchable: 600, duplicated: 0 })
      const isFinished = running.log.pipe(
        Effect.map((lines) =>
          lines.some(({ event, missing }) => event === "reconcile.finished" && missing > 0),
        ),
      )
      yield* isFinished.pipe(
        Effect.delay("50 millis"),
        Effect.repeat({ while: (finished) => !finished }),
        Effect.timeout("20 seconds"),
      )
      yield* running.stop
      assert.strictEqual(yield* running.exitCode, 0)
      assert.strictEqual((yield* world.truth).duplicated, 0)
      const events = (yield* running.log).filter(({ event }) => `${event}`.startsWith("reconcile."))
      const found = events.filter(({ event }) => event === "reconcile.found_missing")
      assert.strictEqual(found.length, 1)
      assert.deepInclude(found[0], { level: "warn", missing: 600 - source, confirmed: 600 - source })
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
