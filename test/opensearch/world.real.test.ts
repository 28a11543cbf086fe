/** The simulated world with a real OpenSearch in the indexer's place: what its proof counts there. */
import { readFileSync } from "node:fs"
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { makeWorld } from "../../src/demo/World.ts"
import { flowMessages, makeSender } from "../demo/manager/sender.ts"
import { dayOfItsOwn, onOwnNode } from "./realNode.ts"

const COUNT = 2_000

onOwnNode("the world on a real OpenSearch", (node, users) => {
  it.live("counts what is searchable, and what is there twice", () =>
    Effect.gen(function* () {
      yield* dayOfItsOwn(node)
      const world = yield* makeWorld({
        flows: { count: COUNT, span: "30 hours" },
        indexer: { refreshInterval: "1 second" },
        shipper: { delay: "50 millis", keepAlerts: true },
        openSearch: {
          url: node.url,
          username: users.admin.username,
          password: Redacted.make(users.admin.password),
          ...(node.caFile === undefined ? {} : { ca: readFileSync(node.caFile, "utf8") }),
        },
      })
      const until = (done: (truth: { readonly lost: number; readonly duplicated: number }) => boolean) =>
        Effect.sleep("200 millis").pipe(
          Effect.andThen(world.truth),
          Effect.repeat({ while: (truth) => !done(truth) }),
          Effect.timeout("30 seconds"),
        )
      const sender = yield* makeSender(world.manager.socketPath)
      yield* sender.send(flowMessages(COUNT - 1))
      const truth = yield* until(({ lost }) => lost === 1)
      assert.strictEqual(truth.source, COUNT)
      assert.strictEqual(truth.duplicated, 0)
      assert.deepStrictEqual(truth.missing, [`flows ${COUNT - 1}`])
      yield* world.shipper.loseRegistry
      yield* until(({ duplicated }) => duplicated === COUNT - 1)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
