import { assert, describe, it } from "@effect/vitest"
import { Client } from "@opensearch-project/opensearch"
import { Effect } from "effect"
import { makeSimulatedIndexer, type SimulatedIndexer } from "../../../src/demo/indexer/SimulatedIndexer.ts"
import { alertOf } from "../../../src/demo/manager/alert.ts"
import { flowMessage } from "../manager/sender.ts"

const PATTERN = "wazuh-alerts-4.x-*"
const ARRIVED = Date.UTC(2026, 1, 22, 23, 59, 59, 500)

const withIndexer = (keepDocuments = false) =>
  makeSimulatedIndexer({
    username: "reader",
    password: "secret",
    refreshInterval: 0,
    keepDocuments,
  })

const line = (number: number, arrived = ARRIVED, more: Readonly<Record<string, unknown>> = {}): string =>
  alertOf(flowMessage(number, more), arrived, number) ?? assert.fail("not decodable")
const lines = (count: number) => Array.from({ length: count }, (_, i) => line(i))
const ids = (count: number) => Array.from({ length: count }, (_, i) => `id-${i}`)

const client = (indexer: SimulatedIndexer, password = "secret") =>
  Effect.acquireRelease(
    Effect.sync(
      () =>
        new Client({
          node: indexer.url,
          auth: { username: "reader", password },
          requestTimeout: 500,
          maxRetries: 0,
        }),
    ),
    (open) => Effect.promise(() => open.close()),
  )

/** The status and body of a call that fails, or its body with status 200. */
const outcome = (call: () => PromiseLike<{ readonly body: unknown }>) =>
  Effect.promise(async () => {
    try {
      return { status: 200, body: (await call()).body }
    } catch (cause) {
      const body: unknown = cause instanceof Error && "body" in cause ? cause.body : undefined
      const status =
        cause instanceof Error && "statusCode" in cause
          ? cause.statusCode
          : cause instanceof Error
            ? cause.name
            : ""
      return { status, body }
    }
  })

const byIds = (wanted: ReadonlyArray<string>, since = 0) => ({
  bool: {
    filter: [
      { terms: { "data.event_id": [...wanted] } },
      { range: { "@timestamp": { gte: since, format: "epoch_millis" } } },
    ],
  },
})

describe("the simulated indexer and the real client", () => {
  it.live("counts ids, and names each with its copies", () =>
    Effect.gen(function* () {
      const indexer = yield* withIndexer()
      const search = yield* client(indexer)
      yield* indexer.index([...lines(100), line(7), line(7), line(8)])
      const counted = yield* outcome(() =>
        search.search({ index: PATTERN, body: { size: 0, track_total_hits: true, query: byIds(ids(200)) } }),
      )
      assert.nestedPropertyVal(counted.body, "hits.total.value", 103)
      assert.nestedPropertyVal(counted.body, "hits.total.relation", "eq")
      assert.nestedPropertyVal(counted.body, "_shards.failed", 0)
      // Not written in place: the client's types forget that a terms aggregation has a field.
      const eachId = { field: "data.event_id", size: 10 }
      const named = yield* outcome(() =>
        search.search({
          index: PATTERN,
          body: {
            size: 0,
            query: byIds(["id-7", "id-8", "id-9", "id-none"]),
            aggs: { ids: { terms: eachId } },
          },
        }),
      )
      assert.nestedPropertyVal(named.body, "aggregations.ids.buckets[0].key", "id-7")
      assert.nestedPropertyVal(named.body, "aggregations.ids.buckets[0].doc_count", 3)
      assert.nestedPropertyVal(named.body, "aggregations.ids.buckets.length", 3)
      const later = yield* outcome(() =>
        search.search({ index: PATTERN, body: { size: 0, query: byIds(ids(200), ARRIVED + 1) } }),
      )
      assert.nestedPropertyVal(later.body, "hits.total.value", 0)
    }).pipe(Effect.scoped),
  )

  it.live("finds the newest by the event's own time, with its field values", () =>
    Effect.gen(function* () {
      const indexer = yield* withIndexer()
      const search = yield* client(indexer)
      yield* indexer.index(lines(20).toReversed())
      const newest = yield* outcome(() =>
        search.search({
          index: PATTERN,
          filter_path: ["hits.hits.fields", "timed_out"],
          body: {
            size: 1,
            _source: false,
            sort: [{ "data.event_time": { order: "desc", unmapped_type: "keyword" } }],
            docvalue_fields: [{ field: "data.event_id" }, { field: "data.event_time" }],
            query: {
              bool: {
                filter: [{ term: { "data.event_type": "flow" } }, { exists: { field: "data.event_id" } }],
              },
            },
          },
        }),
      )
      assert.deepStrictEqual(newest.body, {
        timed_out: false,
        hits: {
          hits: [{ fields: { "data.event_id": ["id-19"], "data.event_time": ["2025-10-09T08:53:20.019Z"] } }],
        },
      })
    }).pipe(Effect.scoped),
  )

  it.live("puts documents into the index of the day of their arrival in UTC", () =>
    Effect.gen(function* () {
      const indexer = yield* withIndexer(true)
      const search = yield* client(indexer)
      yield* indexer.index([line(1, ARRIVED), line(2, ARRIVED + 1_000)])
      const found = yield* outcome(() => search.search({ index: "wazuh-alerts-4.x-2026.02.23" }))
      assert.nestedPropertyVal(found.body, "hits.total.value", 1)
      assert.nestedPropertyVal(found.body, "hits.hits[0]._source.data.event_id", "id-2")
      assert.nestedPropertyVal(found.body, "hits.hits[0]._source.@timestamp", "2026-02-23T00:00:00.500Z")
      const missing = yield* outcome(() => search.search({ index: "wazuh-alerts-4.x-2020.01.01" }))
      assert.strictEqual(missing.status, 404)
      assert.nestedPropertyVal(missing.body, "error.type", "index_not_found_exception")
      const empty = yield* outcome(() => search.search({ index: "wazuh-alerts-5*" }))
      assert.nestedPropertyVal(empty.body, "hits.total.value", 0)
    }).pipe(Effect.scoped),
  )

  it.live("answers 401 with a plain string, and 403 with JSON to all but searches", () =>
    Effect.gen(function* () {
      const indexer = yield* withIndexer()
      const stranger = yield* client(indexer, "wrong")
      assert.deepStrictEqual(yield* outcome(() => stranger.search({ index: PATTERN })), {
        status: 401,
        body: "Unauthorized",
      })
      const reader = yield* client(indexer)
      for (const call of [
        () => reader.ping(),
        () => reader.cluster.health(),
        () => reader.msearch({ index: PATTERN, body: [{}, { query: { match_all: {} } }] }),
        () => reader.search({ index: "other-*" }),
      ]) {
        assert.strictEqual((yield* outcome(call)).status, 403)
      }
      const refused = yield* outcome(() => reader.cluster.health())
      assert.nestedPropertyVal(refused.body, "error.type", "security_exception")
    }).pipe(Effect.scoped),
  )

  it.live("fails in every way that a node can", () =>
    Effect.gen(function* () {
      const indexer = yield* withIndexer()
      const search = yield* client(indexer)
      yield* indexer.index(lines(3))
      const ask = outcome(() => search.search({ index: PATTERN }))
      for (const status of [401, 403, 429, 500, 503] as const) {
        yield* indexer.fault({ kind: "status", status })
        assert.strictEqual((yield* ask).status, status)
        assert.strictEqual(yield* indexer.index([]), status < 429)
      }
      yield* indexer.fault({ kind: "hang" })
      assert.strictEqual((yield* ask).status, "TimeoutError")
      yield* indexer.fault({ kind: "failed-shards" })
      assert.nestedPropertyVal((yield* ask).body, "_shards.failed", 1)
      yield* indexer.fault({ kind: "timed-out" })
      assert.nestedPropertyVal((yield* ask).body, "timed_out", true)
      yield* indexer.clearFault
      yield* indexer.goDown
      assert.strictEqual((yield* ask).status, "ConnectionError")
      assert.isFalse(yield* indexer.index(lines(1)))
      yield* indexer.comeBack
      assert.nestedPropertyVal((yield* ask).body, "hits.total.value", 3)
    }).pipe(Effect.scoped),
  )

  it.live("refuses a query that it does not understand, rather than answer something", () =>
    Effect.gen(function* () {
      const indexer = yield* withIndexer()
      const search = yield* client(indexer)
      yield* indexer.index(lines(1))
      for (const query of [{ wildcard: { "data.event_id": "x*" } }, { term: { "data.unknown": "x" } }]) {
        assert.strictEqual(
          (yield* outcome(() => search.search({ index: PATTERN, body: { query } }))).status,
          400,
        )
      }
      const many = Array.from({ length: 65_537 }, (_, i) => `x${i}`)
      const tooMany = yield* outcome(() => search.search({ index: PATTERN, body: { query: byIds(many) } }))
      assert.strictEqual(tooMany.status, 400)
    }).pipe(Effect.scoped),
  )

  it.live("drops without a word what the template contradicts", () =>
    Effect.gen(function* () {
      const indexer = yield* withIndexer()
      yield* indexer.index([
        line(1),
        line(2, ARRIVED, { url: { path: "/" } }),
        line(3, ARRIVED, { port: "443" }),
        line(4, ARRIVED, { text: "x".repeat(32_767) }),
        line(5, ARRIVED, { text: "x".repeat(32_766) }),
        "not JSON",
      ])
      assert.deepStrictEqual(indexer.store.columns.eventId, ["id-1", "id-5"])
      assert.strictEqual(yield* indexer.droppedByMapping, 4)
      yield* indexer.refuseByMapping(1 / 3)
      const offered = Array.from({ length: 3_000 }, (_, i) => line(10_000 + i))
      yield* indexer.index(offered)
      const taken = indexer.store.size() - 2
      assert.isAbove(taken, 1_850)
      assert.isBelow(taken, 2_150)
      yield* indexer.index(offered)
      assert.strictEqual(indexer.store.size() - 2, 2 * taken, "the same ones are refused again")
    }).pipe(Effect.scoped),
  )
})
