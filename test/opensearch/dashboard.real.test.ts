/** Every panel's own query, against documents as Wazuh makes them of Waybill's events, on a real node. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readObjects, requestOf } from "../support/dashboard.ts"
import { alertOf } from "../support/wazuh/alerts.ts"
import { alarm, blocked, canary, deviceChange, flow, status } from "../support/wazuh/samples.ts"
import { contentText } from "../support/wazuh/shipped.ts"
import { asAdmin, onRealNode } from "./realNode.ts"
import { stockFiles, wazuhChain } from "./wazuhChain.ts"

const ARRIVED = Date.parse("2026-02-22T19:13:07.500Z")

const EVENTS = [
  ...Array.from({ length: 30 }, (_, n) =>
    flow({
      ts: 1771787500 + n,
      download: 1_000_000_000,
      upload: n,
      domain: n < 20 ? "video.example.com" : "mail.example.com",
      device: { id: `d${n % 2}`, name: n % 3 === 0 ? "TV" : "Laptop", ip: "192.168.4.9" },
    }),
  ),
  ...Array.from({ length: 12 }, (_, n) =>
    blocked({ ts: 1771787500 + n, domain: "ads.example.com", category: "ad" }),
  ),
  alarm(1, "malware"),
  alarm(1, "malware again", { aid: 7 }),
  alarm(16, "uploaded"),
  deviceChange("new_device"),
  canary(),
  status("heartbeat", "Waybill is running.", { lag_ms: 9000, unconfirmed: 7, dead_letters: 0 }),
  status("heartbeat", "Waybill is running still.", { lag_ms: 12_000, unconfirmed: 20, dead_letters: 3 }),
  status("dead_letters", "3 records could not be delivered", { new: 3, written: 3 }),
  status("gap_found", "firewalla-msp/flows: lost", { gap: "lost", feed: "firewalla-msp/flows" }),
  status("stalled", "Nothing has arrived", { stage: "chain", unconfirmed: 20 }),
]

/** A neighbour's alert, which no panel may count. */
const OTHER = {
  timestamp: "2026-02-22T19:13:08.000+0000",
  rule: { level: 5, id: "5710", groups: ["sshd"] },
  agent: { id: "001", name: "web" },
  decoder: { name: "sshd" },
  data: { srcip: "203.0.113.5", event_type: "flow", url: "other.example.com" },
  location: "/var/log/auth.log",
}

interface Bucket {
  readonly key: string
  readonly count: number
  readonly value: (metric: string) => number | undefined
  readonly inside: (aggregation: string) => ReadonlyArray<Bucket>
}

type RawBucket = { readonly key: string; readonly doc_count: number } & Readonly<Record<string, unknown>>
interface RawAggregation {
  readonly value?: number
  readonly buckets?: ReadonlyArray<RawBucket>
}

const rawOf = (aggregation: unknown): RawAggregation => JSON.parse(JSON.stringify(aggregation ?? {}))

const bucketsOf = (aggregation: unknown): ReadonlyArray<Bucket> =>
  (rawOf(aggregation).buckets ?? []).map((bucket) => ({
    key: bucket.key,
    count: bucket.doc_count,
    value: (metric) => rawOf(bucket[metric]).value,
    inside: (inner) => bucketsOf(bucket[inner]),
  }))

interface Reply {
  readonly _shards: { readonly failed: number }
  readonly hits: { readonly total: { readonly value: number }; readonly hits: ReadonlyArray<unknown> }
  readonly aggregations?: Readonly<Record<string, unknown>>
}

onRealNode("the dashboard's panels on a real OpenSearch", (node) => {
  const files = stockFiles
  if (files === undefined) {
    describe.skip("(skipped: Wazuh's template and pipeline do not lie beside this checkout)", () => {
      it("needs them", () => undefined)
    })
    return
  }

  it.live(
    "each shows what there is",
    () =>
      Effect.gen(function* () {
        const { prefix, ship, installOurs, refresh } = yield* wazuhChain(node, "panels", files)
        yield* installOurs
        yield* ship([...EVENTS.map((message, n) => alertOf(message, ARRIVED + n)), OTHER])
        yield* refresh

        const objects = readObjects(contentText("dashboard/waybill.ndjson"))
        const answers = new Map<string, Reply>()
        for (const object of objects) {
          const asked = requestOf(object)
          if (asked === undefined) continue
          const { body } = yield* asAdmin(
            node,
            "POST",
            `/${prefix}*/_search?track_total_hits=true`,
            asked.body,
          )
          answers.set(object.id, JSON.parse(JSON.stringify(body)))
        }
        assert.strictEqual(answers.size, objects.length - 1)

        const of = (id: string) => {
          const { hits, aggregations, _shards } =
            answers.get(`waybill-${id}`) ?? assert.fail(`no panel ${id}`)
          assert.strictEqual(_shards.failed, 0, id)
          return { count: hits.total.value, hits: hits.hits, found: aggregations ?? {} }
        }
        /** Keys and counts of the innermost buckets. */
        const counts = ({ found }: ReturnType<typeof of>, outer: string, ...inner: ReadonlyArray<string>) =>
          Object.fromEntries(
            inner
              .reduce((buckets, id) => buckets.flatMap(({ inside }) => inside(id)), bucketsOf(found[outer]))
              .map(({ key, count }) => [key, count]),
          )
        const firstOf = (id: string, aggregation: string) =>
          bucketsOf(of(id).found[aggregation])[0] ?? assert.fail(`${id} is empty`)

        assert.deepStrictEqual(counts(of("timeline"), "2", "3"), {
          flow: 42,
          alarm: 3,
          device_change: 1,
          canary: 1,
          sidecar_status: 5,
        })
        assert.deepStrictEqual(counts(of("alarms"), "2"), { "Security Activity": 2, "Large Upload": 1 })
        assert.deepStrictEqual(counts(of("blocked"), "2", "3"), { false: 30, true: 12 })
        const bytes = firstOf("bandwidth", "3")
        assert.deepStrictEqual([bytes.value("1"), bytes.value("2")], [30_000_000_000, 435])
        assert.deepStrictEqual(
          bucketsOf(of("devices").found["3"]).map(({ key, count, value }) => [key, count, value("1")]),
          [
            ["Laptop", 20, 20_000_000_300],
            ["TV", 10, 10_000_000_135],
            ["Reception iPad", 12, 0],
          ],
        )
        assert.deepStrictEqual(counts(of("destinations"), "3"), {
          "video.example.com": 20,
          "mail.example.com": 10,
          "ads.example.com": 12,
        })
        const lag = firstOf("lag", "3")
        assert.deepStrictEqual([lag.value("1"), lag.value("2")], [12_000, 20])
        assert.deepStrictEqual(counts(of("trouble"), "2", "3"), { dead_letters: 1, gap_found: 1, stalled: 1 })
        assert.strictEqual(firstOf("dead-letters", "2").value("1"), 3)
        assert.strictEqual(of("reports").count, 3)
        assert.include(JSON.stringify(of("reports").hits), "Nothing has arrived")

        // 42 flows of 43 to 85 seconds before the write, 3 alarms and a change of less than a second before it.
        assert.strictEqual(of("delays").count, 46)
        const delays = firstOf("delays", "time")
        const between = (to: string, from: string) => Number(delays.value(to)) - Number(delays.value(from))
        assert.closeTo(between("to-0", "from-0"), 70_000, 15_000)
        assert.closeTo(between("to-1", "from-1"), 2500, 100)
      }).pipe(Effect.scoped),
    { timeout: 150_000 },
  )
})
