/**
 * `waybill run` against a real OpenSearch, as an administrator has it: TLS with the node's own CA, a user who may only
 * read, and Wazuh's own template and pipeline where they lie beside this checkout.
 */
import { readFileSync } from "node:fs"
import path from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Redacted } from "effect"
import { startWaybill } from "../../src/demo/WaybillProcess.ts"
import { makeWorld } from "../../src/demo/World.ts"
import { writeWaybillConfig } from "../../src/demo/waybillConfig.ts"
import { dayOfItsOwn, lent, onOwnNode, wazuhFile } from "./realNode.ts"

const COUNT = 3_000
const PIPELINE = "waybill-test-pipeline"

onOwnNode("waybill run on a real OpenSearch", (node, users) => {
  it.live(
    "delivers every flow once, over a restart of the manager, with a user who may only read",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* dayOfItsOwn(node)
        const template = wazuhFile("wazuh-template.json")
        const pipeline = wazuhFile("pipeline.json")
        const stock = template !== undefined && pipeline !== undefined
        if (stock) {
          yield* lent(node, "/_template/waybill-test-stock", JSON.parse(template))
          yield* lent(node, `/_ingest/pipeline/${PIPELINE}`, JSON.parse(pipeline))
        }

        const world = yield* makeWorld({
          seed: 77,
          flows: { count: COUNT, span: "30 hours" },
          manager: { serviceRate: 1500 },
          indexer: { refreshInterval: "1 second" },
          shipper: { delay: "50 millis" },
          openSearch: {
            url: node.url,
            username: users.admin.username,
            password: Redacted.make(users.admin.password),
            ...(node.caFile === undefined ? {} : { ca: readFileSync(node.caFile, "utf8") }),
            ...(stock ? { pipeline: PIPELINE } : {}),
          },
        })
        yield* world.manager.start
        const configFile = yield* writeWaybillConfig(world, {
          set: {
            "source.firewalla.feeds.alarms.enabled": false,
            "source.firewalla.feeds.devices.enabled": false,
            "indexer.username": users.waybill.username,
            "indexer.password": users.waybill.password,
            ...(node.caFile === undefined ? {} : { "indexer.ca_file": node.caFile }),
            "verify.grace": "2 seconds",
          },
        })
        const logFile = path.join(world.folder, "waybill.log")
        const waybill = yield* startWaybill({ entry: "src/main.ts", configFile, logFile })
        const until = (reached: (searchable: number) => boolean) =>
          Effect.sleep("500 millis").pipe(
            Effect.andThen(world.truth),
            Effect.repeat({ until: ({ searchable }) => reached(searchable) }),
            Effect.timeout("90 seconds"),
          )
        yield* until((searchable) => searchable > COUNT / 5)
        yield* world.manager.stopGracefully
        yield* Effect.sleep("1 second")
        yield* world.manager.start
        yield* until((searchable) => searchable === COUNT)
        yield* waybill.stop
        assert.strictEqual(yield* waybill.exitCode, 0)

        const truth = yield* world.truth
        assert.deepInclude(truth, { source: COUNT, searchable: COUNT, duplicated: 0 })
        const log = yield* fs.readFileString(logFile)
        assert.include(log, '"event":"run.stopped"')
        assert.notInclude(log, users.waybill.password)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    { timeout: 150_000 },
  )
})
