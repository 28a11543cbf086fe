/**
 * What Waybill's searches cost a real indexer: the node's own account of its time, searching against indexing, for the
 * same events. Indexing is what makes a document searchable: the indexing itself and the refreshes. The ingest pipeline
 * and the merges, which cost as much again, are left out. With Wazuh's own template and pipeline where they lie beside this checkout. Needs
 * what the real tier of the tests needs: Java 17 and Maven.
 */
import path from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Schema } from "effect"
import { startWaybill } from "../src/demo/WaybillProcess.ts"
import { makeWorld } from "../src/demo/World.ts"
import { writeWaybillConfig } from "../src/demo/waybillConfig.ts"
import { Indexer } from "../src/indexer/Indexer.ts"
import * as OpenSearchIndexer from "../src/indexer/OpenSearchIndexer.ts"
import { ask } from "../test/support/opensearch/request.ts"
import { startNode } from "../test/support/opensearch/startNode.ts"
import type { Bench } from "./Bench.ts"

const FLOWS = 49_000
const SERVICE_RATE = 1350
const MOST_SHARE = 0.05

const NOTHING = {
  indexing: { index_time_in_millis: 0 },
  refresh: { total_time_in_millis: 0 },
  search: { query_time_in_millis: 0, fetch_time_in_millis: 0, query_total: 0 },
}

const Count = Schema.Struct({ count: Schema.Int })
const Batches = Schema.Struct({
  aggregations: Schema.Struct({
    batches: Schema.Struct({ buckets: Schema.Array(Schema.Struct({ key: Schema.String })) }),
  }),
})
const Stats = Schema.Struct({
  nodes: Schema.Record(
    Schema.String,
    Schema.Struct({
      indices: Schema.Struct({
        indexing: Schema.Struct({ index_time_in_millis: Schema.Int }),
        refresh: Schema.Struct({ total_time_in_millis: Schema.Int }),
        search: Schema.Struct({
          query_total: Schema.Int,
          query_time_in_millis: Schema.Int,
          fetch_time_in_millis: Schema.Int,
        }),
      }),
    }),
  ),
})

const PIPELINE = "waybill-bench"
const WAZUH = path.resolve(import.meta.dirname, "../../shared/data/wazuh")

const stockFiles = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(WAZUH))) return undefined
  const [template, pipeline] = yield* Effect.forEach(["wazuh-template.json", "pipeline.json"], (name) =>
    fs.readFileString(path.join(WAZUH, name)),
  )
  return template === undefined || pipeline === undefined ? undefined : { template, pipeline }
})

/** One delivery of all flows into a node; ends when Waybill says that it is through. */
const deliver = Effect.fnUntraced(function* (url: string, pipeline: string | undefined) {
  const fs = yield* FileSystem.FileSystem
  const world = yield* makeWorld({
    flows: { count: FLOWS, span: "30 hours" },
    manager: { serviceRate: SERVICE_RATE },
    indexer: { refreshInterval: "5 seconds" },
    openSearch: { url, ...(pipeline === undefined ? {} : { pipeline }) },
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
  yield* waybill.stop
  yield* waybill.exitCode
}, Effect.scoped)

/** What Waybill asks in an hour, of batches as it writes them. */
const searchALot = (url: string) =>
  Effect.gen(function* () {
    const indexer = yield* Indexer
    const { body } = yield* Effect.promise(() =>
      ask({ url, ca: undefined, user: undefined }, "POST", "/wazuh-alerts-4.x-*/_search", {
        size: 0,
        aggs: { batches: { terms: { field: "data.waybill.batch", size: 200 } } },
      }),
    )
    const { aggregations } = yield* Schema.decodeUnknownEffect(Batches)(body)
    const batches = aggregations.batches.buckets.map(({ key }) => key)
    for (let n = 0; n < 2000; n++) {
      const some = Array.from({ length: 20 }, (_, i) => batches[(n + i) % batches.length] ?? "")
      yield* indexer.tally({ batches: some, since: 0 })
      yield* indexer.ofBatches({ batches: some.slice(0, 3), since: 0 })
    }
  }).pipe(Effect.provide(OpenSearchIndexer.layer({ url })))

const measure = Effect.gen(function* () {
  const node = yield* Effect.acquireRelease(
    Effect.promise(() => startNode({ secure: false })),
    (running) => Effect.promise(running.stop),
  )
  const request = (method: "DELETE" | "GET" | "PUT", path: string, body?: string) =>
    Effect.promise(() =>
      ask({ url: node.url, ca: undefined, user: undefined }, method, path, body && JSON.parse(body)),
    )
  const spent = Effect.flatMap(request("GET", "/_nodes/stats/indices"), ({ body }) =>
    Schema.decodeUnknownEffect(Stats)(body),
  ).pipe(
    Effect.map(({ nodes }) => {
      const [node] = Object.values(nodes)
      const { indexing, refresh, search } = node?.indices ?? NOTHING
      return {
        refreshing: refresh.total_time_in_millis,
        indexing: indexing.index_time_in_millis,
        searching: search.query_time_in_millis + search.fetch_time_in_millis,
        searches: search.query_total,
      }
    }),
  )
  const stock = yield* stockFiles
  if (stock !== undefined) {
    yield* request("PUT", "/_template/wazuh", stock.template)
    yield* request("PUT", `/_ingest/pipeline/${PIPELINE}`, stock.pipeline)
  }
  const pipeline = stock === undefined ? undefined : PIPELINE
  // A node that has just started has compiled neither of the two ways; an indexer runs for months.
  yield* deliver(node.url, pipeline)
  yield* searchALot(node.url)
  yield* request("DELETE", "/wazuh-alerts-4.x-*")
  const before = yield* spent
  yield* deliver(node.url, pipeline)
  const after = yield* spent
  const { body } = yield* request("GET", "/wazuh-alerts-4.x-*/_count")
  const { count } = yield* Schema.decodeUnknownEffect(Count)(body)
  return {
    documents: count,
    searching: after.searching - before.searching,
    indexing: after.indexing - before.indexing,
    refreshing: after.refreshing - before.refreshing,
    searches: after.searches - before.searches,
  }
}).pipe(Effect.scoped)

export const bench: Bench = {
  name: "search-share",
  about: `the time that a real OpenSearch spends on Waybill's searches against the time it spends on indexing the same ${FLOWS} flows, on a node that has done both before`,
  run: async () => {
    const { documents, indexing, refreshing, searches, searching } = await Effect.runPromise(
      Effect.provide(measure, NodeServices.layer),
    )
    const ratio = searching / (indexing + refreshing)
    return {
      passed: ratio <= MOST_SHARE && documents >= FLOWS,
      unit: "milliseconds searching ÷ milliseconds indexing",
      figures: {
        ratio,
        target: MOST_SHARE,
        searching_ms: searching,
        indexing_ms: indexing,
        refreshing_ms: refreshing,
        shard_searches: searches,
        documents,
      },
    }
  },
}
