/** Waybill's index template above Wazuh's own: numbers and times have their types, and nothing is refused for it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { IndexHistory } from "../../src/indexer/IndexHistory.ts"
import * as OpenSearchIndexer from "../../src/indexer/OpenSearchIndexer.ts"
import { alertOf } from "../support/wazuh/alerts.ts"
import { alarm, deviceChange, flow, status } from "../support/wazuh/samples.ts"
import { asAdmin, clientOptions, onRealNode } from "./realNode.ts"
import { stockFiles, wazuhChain } from "./wazuhChain.ts"

const ARRIVED = Date.parse("2026-02-22T19:13:07.500Z")

const nested = ([key = "", ...rest]: ReadonlyArray<string>, value: unknown): Record<string, unknown> => ({
  [key]: rest.length === 0 ? value : nested(rest, value),
})

onRealNode("the index template on a real OpenSearch", (node) => {
  const files = stockFiles
  if (files === undefined) {
    describe.skip("(skipped: Wazuh's template and pipeline do not lie beside this checkout)", () => {
      it("needs them", () => undefined)
    })
    return
  }

  const search = (pattern: string, body: object) =>
    Effect.map(asAdmin(node, "POST", `/${pattern}/_search`, body), ({ body }) =>
      JSON.parse(JSON.stringify(body)),
    )

  it.live("sums, averages and delays can be drawn", () =>
    Effect.gen(function* () {
      const { prefix, ship, installOurs, refresh } = yield* wazuhChain(node, "types", files)
      yield* installOurs
      yield* ship(
        [
          flow({ download: 5_000_000_000, upload: 1000, duration: 12.62 }),
          flow({ download: 500, upload: 24, duration: 0.38, count: 3 }),
          alarm(16, "big", {
            transfer: { upload: 16_961_533, download: 61_950, total: 17_023_483, duration: 12.62 },
          }),
          deviceChange("new_device"),
          status("heartbeat", "Waybill is running.", { uptime_seconds: 300, lag_ms: 9000, unconfirmed: 7 }),
        ].map((message) => alertOf(message, ARRIVED)),
      )
      yield* refresh
      const of = (kind: string, field: string) => ({ [kind]: { field } })
      const { hits, aggregations: found } = yield* search(`${prefix}*`, {
        track_total_hits: true,
        size: 0,
        aggs: {
          download: of("sum", "data.firewalla.download"),
          duration: of("sum", "data.firewalla.duration"),
          flows: of("sum", "data.firewalla.count"),
          uploaded: of("max", "data.firewalla.transfer.upload"),
          device: of("max", "data.firewalla.device.total_download"),
          lag: of("max", "data.waybill_status.lag_ms"),
          attempt: of("max", "data.waybill.attempt"),
          arrived: of("avg", "@timestamp"),
          sent: of("avg", "data.waybill.sent_at"),
          happened: of("avg", "data.event_time.date"),
        },
      })
      assert.strictEqual(hits.total.value, 5)
      assert.strictEqual(found.download.value, 5_000_000_500)
      assert.closeTo(found.duration.value, 13, 1e-9)
      assert.strictEqual(found.flows.value, 1 + 3)
      assert.strictEqual(found.uploaded.value, 16_961_533)
      assert.strictEqual(found.device.value, 12_345_678)
      assert.strictEqual(found.lag.value, 9000)
      assert.strictEqual(found.attempt.value, 1)
      assert.strictEqual(Math.round(found.arrived.value), ARRIVED)
      assert.isAbove(found.arrived.value, found.sent.value)
      assert.isAbove(found.sent.value, found.happened.value)
    }).pipe(Effect.scoped),
  )

  it.live("what Waybill searches by is what it was, also together with an index from before", () =>
    Effect.gen(function* () {
      const { prefix, ship, installOurs, refresh } = yield* wazuhChain(node, "mixed", files)
      const before = alertOf(flow({ ts: 1771700000 }), ARRIVED - 86_400_000)
      yield* ship([before])
      yield* installOurs
      yield* ship([alertOf(flow({ ts: 1771787584.123 }), ARRIVED)])
      yield* refresh
      const newest = yield* Effect.flatMap(IndexHistory, (history) =>
        history.newest({ source: "firewalla-msp", eventType: "flow" }),
      ).pipe(Effect.provide(OpenSearchIndexer.layer(clientOptions(node, { indexPattern: `${prefix}*` }))))
      assert.strictEqual(Option.getOrThrow(newest).timeMillis, 1771787584123)
      const count = (term: object) =>
        Effect.map(search(`${prefix}*`, { size: 0, query: term }), ({ hits }) => hits.total.value)
      assert.strictEqual(yield* count({ term: { "data.waybill.batch": "01JQZ4M9-000001" } }), 2)
      assert.strictEqual(yield* count({ term: { "data.waybill.attempt": "1" } }), 2)
      assert.strictEqual(
        yield* count({ range: { "data.event_time": { gte: "2026-02-22T00:00:00.000Z" } } }),
        1,
      )
    }).pipe(Effect.scoped),
  )

  it.live("a value that is no number costs its own field and not the event", () =>
    Effect.gen(function* () {
      const { prefix, ship, installOurs, refresh } = yield* wazuhChain(node, "malformed", files)
      yield* installOurs
      const odd = (path: ReadonlyArray<string>, value: unknown) => ({
        ...alertOf(flow(), ARRIVED),
        data: {
          source: "firewalla-msp",
          event_type: "flow",
          event_id: path.join("."),
          ...nested(path, value),
        },
      })
      const values = [
        odd(["firewalla", "download"], "lots"),
        odd(["firewalla", "download"], "123.000000"),
        odd(["firewalla", "total"], "99999999999999999999"),
        odd(["firewalla", "duration"], "null"),
        odd(["firewalla", "active_time"], "yesterday"),
        odd(["firewalla", "count"], ["1", "2"]),
        odd(["waybill", "sent_at"], "soon"),
        odd(["waybill", "attempt"], "true"),
        odd(["event_time"], "22.02.2026"),
        odd(["waybill_status", "lag_ms"], "unknown"),
      ]
      yield* ship(values)
      yield* refresh
      const { hits } = yield* search(`${prefix}*`, { size: 0, track_total_hits: true })
      assert.strictEqual(hits.total.value, values.length)
      const { aggregations } = yield* search(`${prefix}*`, {
        size: 0,
        aggs: { download: { sum: { field: "data.firewalla.download" } } },
      })
      assert.strictEqual(aggregations.download.value, 123)
    }).pipe(Effect.scoped),
  )
})
