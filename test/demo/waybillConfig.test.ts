import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Option, Redacted, Result } from "effect"
import { configFrom, loadConfig } from "../../src/config/loadConfig.ts"
import { makeWorld } from "../../src/demo/World.ts"
import { waybillConfig, writeWaybillConfig } from "../../src/demo/waybillConfig.ts"

describe("the configuration for a world", () => {
  it.live("is valid, as a file and as values, and points at the simulators", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld({ flows: { count: 10, span: "30 hours" } })
      const options = { set: { "verify.grace": "1 second" } }
      const given = configFrom(yield* waybillConfig(world, options))
      if (Result.isFailure(given)) return assert.fail(given.failure.message)
      const file = yield* writeWaybillConfig(world, options)
      const fs = yield* FileSystem.FileSystem
      assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
      const loaded = yield* loadConfig({ path: Option.some(file), env: {} })
      assert.strictEqual(loaded.indexer.url.toString(), given.success.indexer.url.toString())
      assert.strictEqual(loaded.writer.socket.path, world.manager.socketPath)
      assert.strictEqual(
        loaded.indexer.password && Redacted.value(loaded.indexer.password),
        Redacted.value(world.indexerAccess.password),
      )
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
