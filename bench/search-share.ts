/**
 * What Waybill's searches cost a real indexer: the node's own account of its time, searching against indexing, for the
 * same events. Needs what the real tier of the tests needs: Java 17 and Maven.
 */
import path from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Schema } from "effect"
import { startWaybill } from "../src/demo/WaybillProcess.ts"
import { makeWorld } from "../src/demo/World.ts"
import { writeWaybillConfig } from "../src/demo/waybillConfig.ts"
import { ask } from "../test/support/opensearch/request.ts"
import { startNode } from "../test/support/opensearch/startNode.ts"
import type { Bench } from "./Bench.ts"

const FLOWS = 49_000
const SERVICE_RATE = 1350
const MOST_SHARE = 0.05

const Count = Schema.Struct({ count: Schema.Int })
const Stats = Schema.Struct({
  nodes: Schema.Record(
    Schema.String,
    Schema.Struct({
      indices: Schema.Struct({
        indexing: Schema.Struct({ index_total: Schema.Int, index_time_in_millis: Schema.Int }),
        search: Schema.Struct({
          query_total: Schema.Int,
          query_time_in_millis: Schema.Int,
          fetch_time_in_millis: Schema.Int,
        }),
      }),
    }),
  ),
})

const measure = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const node = yield* Effect.acquireRelease(
    Effect.promise(() => startNode({ secure: false })),
    (running) => Effect.promise(running.stop),
  )
  const get = <S extends Schema.Top & { readonly DecodingServices: never }>(url: string, schema: S) =>
    Effect.promise(() => ask({ url: node.url, ca: undefined, user: undefined }, "GET", url)).pipe(
      Effect.flatMap(({ body }) => Schema.decodeUnknownEffect(schema)(body)),
    )
  const world = yield* makeWorld({
    flows: { count: FLOWS, span: "30 hours" },
    manager: { serviceRate: SERVICE_RATE },
    indexer: { refreshInterval: "5 seconds" },
    openSearch: { url: node.url },
  })
  yield* world.manager.start
  const configFile = yield* writeWaybillConfig(world, {
    set: {
      "source.firewalla.feeds.alarms.enabled": false,
      "source.firewalla.feeds.devices.enabled": false,
      "source.firewalla.feeds.flows.interval": "1 hour",
    },
  })
  const logFile = path.join(world.folder, "waybill.log")
  const waybill = yield* startWaybill({ entry: "src/main.ts", configFile, logFile })
  // By its log, because any other way to see the end would be a search too.
  yield* Effect.sleep("1 second").pipe(
    Effect.andThen(fs.readFileString(logFile)),
    Effect.repeat({ until: (log) => log.includes('"event":"poll.finished"') }),
    Effect.timeout("5 minutes"),
  )
  const { nodes } = yield* get("/_nodes/stats/indices/indexing,search", Stats)
  yield* waybill.stop
  yield* waybill.exitCode
  const { count } = yield* get("/wazuh-alerts-4.x-*/_count", Count)
  const [stats] = Object.values(nodes)
  return { count, stats }
}).pipe(Effect.scoped)

export const bench: Bench = {
  name: "search-share",
  about: `the time that a real OpenSearch spends on Waybill's searches against the time it spends on indexing the same ${FLOWS} flows`,
  run: async () => {
    const { count, stats } = await Effect.runPromise(Effect.provide(measure, NodeServices.layer))
    const indexing = stats?.indices.indexing.index_time_in_millis ?? 0
    const search = stats?.indices.search
    const searching = (search?.query_time_in_millis ?? 0) + (search?.fetch_time_in_millis ?? 0)
    const ratio = searching / indexing
    return {
      passed: ratio <= MOST_SHARE && count >= FLOWS,
      unit: "milliseconds searching ÷ milliseconds indexing",
      figures: {
        ratio,
        target: MOST_SHARE,
        searching_ms: searching,
        indexing_ms: indexing,
        shard_searches: search?.query_total ?? 0,
        documents: count,
      },
    }
  },
}
