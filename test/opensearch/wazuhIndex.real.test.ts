/** Wazuh's own template and ingest pipeline on a real node: what becomes searchable, and what is lost in silence. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schedule, Schema } from "effect"
import { Indexer } from "../../src/indexer/Indexer.ts"
import { IndexHistory } from "../../src/indexer/IndexHistory.ts"
import * as OpenSearchIndexer from "../../src/indexer/OpenSearchIndexer.ts"
import {
  ALERT_FIELDS,
  batchesSearch,
  betweenSearch,
  copiesSearch,
  countSearch,
  tallySearch,
} from "../../src/indexer/opensearchSearches.ts"
import { asAdmin, clientOptions, onRealNode, ownIndices } from "./realNode.ts"
import { stockFiles, wazuhChain } from "./wazuhChain.ts"

const Shards = Schema.Struct({ _shards: Schema.Struct({ total: Schema.Int, skipped: Schema.Int }) })

/** A line of alerts.json as the Filebeat module hands it to the pipeline. */
const alert = (timestamp: string, data: object) => ({
  timestamp,
  rule: { level: 3, id: "100400", groups: ["waybill"] },
  agent: { id: "000", name: "wazuh.manager" },
  decoder: { name: "waybill" },
  location: "waybill",
  data: { source: "firewalla-msp", event_type: "flow", ...data },
})

onRealNode("Wazuh's index on a real OpenSearch", (node) => {
  const files = stockFiles
  if (files === undefined) {
    describe.skip("(skipped: Wazuh's template and pipeline do not lie beside this checkout)", () => {
      it("needs them", () => undefined)
    })
    return
  }

  const installed = wazuhChain(node, "stock", files)

  const withClient = <A, E>(
    body: (
      ship: (alerts: ReadonlyArray<object>) => Effect.Effect<{ readonly body: unknown }>,
    ) => Effect.Effect<A, E, Indexer | IndexHistory>,
  ) =>
    Effect.gen(function* () {
      const { prefix, ship } = yield* installed
      const client = OpenSearchIndexer.layer(clientOptions(node, { indexPattern: `${prefix}*` }))
      return yield* body(ship).pipe(Effect.provide(client))
    }).pipe(Effect.scoped)

  /** Until the count is there: the stock refresh is 5 s, and is waited for, not forced. */
  const counted = (ids: ReadonlyArray<string>, expected: number) =>
    Effect.flatMap(Indexer, (indexer) => indexer.count({ ids, since: 0 })).pipe(
      Effect.repeat({
        until: (count) => count >= expected,
        schedule: Schedule.max([Schedule.spaced("100 millis"), Schedule.recurs(120)]),
      }),
    )

  it.live("an event is found by its id after a refresh, doubles counted, the newest told", () =>
    withClient((ship) =>
      Effect.gen(function* () {
        yield* ship([
          alert("2026-02-22T19:13:04.123+0000", {
            event_id: "one",
            event_time: "2026-02-22T19:10:00.000Z",
            srcip: "8.8.8.8",
          }),
          alert("2026-02-22T19:13:05.123+0000", { event_id: "two", event_time: "2026-02-22T19:11:00.500Z" }),
          alert("2026-02-22T19:13:06.123+0000", { event_id: "two", event_time: "2026-02-22T19:11:00.500Z" }),
          alert("2026-02-23T00:00:00.000+0000", {
            event_id: "next-day",
            event_time: "2026-02-22T19:09:00.000Z",
          }),
        ])
        const ids = ["one", "two", "next-day", "missing"]
        assert.strictEqual(yield* counted(ids, 4), 4)
        const indexer = yield* Indexer
        assert.deepStrictEqual(
          [...(yield* indexer.copies({ ids, since: 0 }))].sort(([a], [b]) => a.localeCompare(b)),
          [
            ["next-day", 1],
            ["one", 1],
            ["two", 2],
          ],
        )
        const since = Date.parse("2026-02-22T19:13:06.000Z")
        assert.strictEqual(yield* indexer.count({ ids, since }), 2)
        const history = yield* IndexHistory
        assert.deepStrictEqual(
          yield* history.newest({ source: "firewalla-msp", eventType: "flow" }),
          Option.some({ id: "two", timeMillis: Date.parse("2026-02-22T19:11:00.500Z") }),
        )
        assert.isTrue(Option.isNone(yield* history.newest({ source: "firewalla-msp", eventType: "alarm" })))
      }),
    ),
  )

  it.live("an event that the template contradicts leaves no trace but that it is missing", () =>
    withClient((ship) =>
      Effect.gen(function* () {
        yield* ship([
          alert("2026-02-22T19:13:04.123+0000", { event_id: "good" }),
          // `data.port` is an object in the stock template, `data.url` a keyword; a keyword ends at 32,766 bytes.
          alert("2026-02-22T19:13:04.123+0000", { event_id: "scalar-for-object", port: "443" }),
          alert("2026-02-22T19:13:04.123+0000", { event_id: "object-for-keyword", url: { host: "h" } }),
          alert("2026-02-22T19:13:04.123+0000", {
            event_id: "too-long",
            firewalla: { text: "x".repeat(32_767) },
          }),
          alert("not a time", { event_id: "dropped-by-pipeline" }),
        ])
        const ids = ["good", "scalar-for-object", "object-for-keyword", "too-long", "dropped-by-pipeline"]
        assert.strictEqual(yield* counted(ids, 1), 1)
        const indexer = yield* Indexer
        assert.deepStrictEqual(yield* indexer.copies({ ids, since: 0 }), new Map([["good", 1]]))
      }),
    ),
  )

  it.live("an answer without every shard is not an answer", () =>
    Effect.gen(function* () {
      const { prefix, ship } = yield* installed
      yield* ship([alert("2026-02-22T19:13:04.123+0000", { event_id: "one" })])
      // An index that no node may hold: its shards are unassigned, which `_shards.failed` does not count.
      yield* asAdmin(node, "PUT", `/${prefix}2026.02.21?wait_for_active_shards=0`, {
        settings: { "index.routing.allocation.require._name": "nowhere" },
      })
      const client = OpenSearchIndexer.layer(clientOptions(node, { indexPattern: `${prefix}*` }))
      const error = yield* Effect.flatMap(Indexer, (indexer) =>
        indexer.count({ ids: ["one"], since: 0 }),
      ).pipe(Effect.provide(client), Effect.flip)
      assert.strictEqual(error.reason, "incomplete")
      assert.include(error.message, "shards")
    }).pipe(Effect.scoped),
  )
})

onRealNode("a year of daily indices on a real OpenSearch", (node) => {
  const DAYS = 365
  const LAST = Date.parse("2026-02-22T12:00:00.000Z")

  it.live(
    "are skipped by the range: a search looks at the last day only",
    () =>
      Effect.gen(function* () {
        const prefix = yield* ownIndices(node, "year")
        const template = `/_index_template/${prefix}template`
        yield* Effect.acquireRelease(
          asAdmin(node, "PUT", template, {
            index_patterns: [`${prefix}*`],
            priority: 1000,
            template: {
              settings: { number_of_shards: 1, number_of_replicas: 0, "translog.durability": "async" },
              mappings: {
                properties: {
                  "@timestamp": { type: "date" },
                  data: { properties: { event_id: { type: "keyword" } } },
                },
              },
            },
          }),
          () => asAdmin(node, "DELETE", template),
        )
        const days = Array.from({ length: DAYS }, (_, n) => new Date(LAST - n * 86_400_000).toISOString())
        yield* asAdmin(
          node,
          "POST",
          "/_bulk?refresh=true&timeout=5m",
          days
            .map((day, n) => {
              const document = { "@timestamp": day, data: { event_id: `day-${n}` } }
              return `{"create":{"_index":"${prefix}${day.slice(0, 10).replaceAll("-", ".")}"}}\n${JSON.stringify(document)}\n`
            })
            .join(""),
        )
        const client = OpenSearchIndexer.layer(
          clientOptions(node, { indexPattern: `${prefix}*`, timeout: "2 minutes" }),
        )
        yield* Effect.gen(function* () {
          const indexer = yield* Indexer
          const ids = Array.from({ length: 5000 }, (_, n) => `day-${n}`)
          const since = LAST - 86_400_000
          assert.strictEqual(yield* indexer.count({ ids, since: 0 }), DAYS)
          assert.strictEqual(yield* indexer.count({ ids, since }), 2)
          // A node tells how many shards it has skipped when it is asked to look at the range first, whatever their number.
          const searches = [
            countSearch(ALERT_FIELDS, ids, since),
            copiesSearch(ALERT_FIELDS, ids, since),
            tallySearch(ALERT_FIELDS, ["a-batch"], since),
            batchesSearch(ALERT_FIELDS, ["a-batch"], since),
            betweenSearch(ALERT_FIELDS, { eventType: "flow", from: 0, to: LAST, since }),
          ]
          for (const search of searches) {
            const { body } = yield* asAdmin(
              node,
              "POST",
              `/${prefix}*/_search?pre_filter_shard_size=1`,
              search,
            )
            const { _shards } = Schema.decodeUnknownSync(Shards)(body)
            assert.strictEqual(_shards.total, DAYS)
            assert.isAtLeast(_shards.skipped, DAYS - 2)
          }
          // Indices that never had an event of ours do not know its fields; the search must bear that.
          const history = yield* IndexHistory
          const newest = yield* history.newest({ source: "firewalla-msp", eventType: "flow" })
          assert.isTrue(Option.isNone(newest))
        }).pipe(Effect.provide(client))
      }).pipe(Effect.scoped),
    300_000,
  )
})
