/** What goes over the wire, and what comes back when all is well. */
import { createServer } from "node:http"
import { assert, describe, it, vi } from "@effect/vitest"
import { Duration, Effect, Fiber, Option } from "effect"
import { json, listen, text } from "../../src/demo/http/FaultyHttpServer.ts"
import { Indexer } from "../../src/indexer/Indexer.ts"
import { IndexHistory } from "../../src/indexer/IndexHistory.ts"
import * as OpenSearchIndexer from "../../src/indexer/OpenSearchIndexer.ts"
import { defaultRetrySettings } from "../../src/retry/decide.ts"
import {
  answering,
  count,
  FORBIDDEN,
  found,
  listed,
  listening,
  options,
  PASSWORD,
  QUERY,
} from "./scriptedNode.ts"

describe("places", () => {
  const hit = { _index: "wazuh-alerts-4.x-2026.02.22", fields: { "data.event_id": ["a"] } }
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<object>, number]> = [
    ["a hit that does not say its shard", [hit], 1],
    ["fewer hits than were counted", [{ ...hit, _shard: "[wazuh-alerts-4.x-2026.02.22][1]" }], 2],
  ]
  for (const [name, hits, total] of cases)
    it.live(`${name}: no answer, since what is left out would look lost`, () =>
      Effect.gen(function* () {
        const server = yield* answering(json(200, { ...found(total), hits: { ...found(total).hits, hits } }))
        const error = yield* Effect.flatMap(Indexer, (indexer) => indexer.places(QUERY)).pipe(
          Effect.provide(OpenSearchIndexer.layer(options(server.url))),
          Effect.flip,
        )
        assert.strictEqual(error.reason, "bad-response")
      }),
    )
})

describe("the events of batches", () => {
  const ofBatches = (url: string) =>
    Effect.flatMap(Indexer, (indexer) => indexer.ofBatches({ batches: ["b"], since: 0 })).pipe(
      Effect.provide(OpenSearchIndexer.layer(options(url))),
    )
  const hit = (id: string) => ({ fields: { "data.event_id": [id] } })
  const hits = (total: number, ids: ReadonlyArray<string>) =>
    json(200, { ...found(total), hits: { ...found(total).hits, hits: ids.map(hit) } })

  it.live("are asked for in another way when there are more than a search may have hits", () =>
    Effect.gen(function* () {
      const buckets = {
        aggregations: { each: { sum_other_doc_count: 0, buckets: [{ key: "a", doc_count: 10_001 }] } },
      }
      const server = yield* answering(hits(10_001, ["a"]), json(200, found(10_001, buckets)))
      assert.deepStrictEqual(yield* ofBatches(server.url), {
        copies: new Map([["a", 10_001]]),
        index: undefined,
      })
    }),
  )

  it.live("are no answer when fewer are named than were counted", () =>
    Effect.gen(function* () {
      const server = yield* answering(hits(2, ["a"]))
      assert.strictEqual((yield* Effect.flip(ofBatches(server.url))).reason, "bad-response")
    }),
  )
})

describe("the copies of ids", () => {
  const cases: ReadonlyArray<readonly [string, object]> = [
    ["fewer documents than were counted", { buckets: [{ key: "a", doc_count: 1 }], sum_other_doc_count: 0 }],
    ["documents beside those it names", { buckets: [{ key: "a", doc_count: 2 }], sum_other_doc_count: 1 }],
    ["none of those it counted", {}],
  ]
  for (const [name, each] of cases)
    it.live(`are no answer when it names ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* answering(json(200, found(2, { aggregations: { each } })))
        const error = yield* Effect.flatMap(Indexer, (indexer) => indexer.copies(QUERY)).pipe(
          Effect.provide(OpenSearchIndexer.layer(options(server.url))),
          Effect.flip,
        )
        assert.strictEqual(error.reason, "bad-response")
      }),
    )
})

describe("requests", () => {
  it.live("are searches of the pattern and nothing else, after errors too", () =>
    Effect.gen(function* () {
      const buckets = {
        aggregations: { each: { sum_other_doc_count: 0, buckets: [{ key: "a", doc_count: 2 }] } },
      }
      const server = yield* answering(
        text(503, ""),
        json(200, found(2)),
        { _tag: "HangUp" },
        json(200, found(2, buckets)),
      )
      const given = options(server.url, { retry: { ...defaultRetrySettings, retryDelayMs: 5 } })
      yield* Effect.gen(function* () {
        const indexer = yield* Indexer
        assert.strictEqual(yield* indexer.count(QUERY), 2)
        assert.deepStrictEqual(yield* indexer.copies(QUERY), new Map([["a", 2]]))
      }).pipe(Effect.provide(OpenSearchIndexer.layer(given)))
      assert.deepStrictEqual(
        server.requests.map(({ method, path }) => `${method} ${path}`),
        Array.from({ length: 4 }, () => "POST /wazuh-alerts-4.x-*/_search"),
      )
      const [first] = server.requests
      assert.strictEqual(first?.query.get("ignore_unavailable"), "true")
      assert.strictEqual(first?.query.get("allow_no_indices"), "true")
      assert.strictEqual(first?.query.get("expand_wildcards"), "open")
      // What a replica has not refreshed yet would be sent again right after another copy has confirmed it.
      for (const { query } of server.requests) assert.strictEqual(query.get("preference"), "waybill")
      assert.include(first?.query.get("filter_path") ?? "", "hits.total")
      assert.strictEqual(
        first?.headers.authorization,
        `Basic ${Buffer.from(`waybill:${PASSWORD}`).toString("base64")}`,
      )
    }),
  )

  it.live("are not joined by a ping when the node had been away for long", () =>
    Effect.gen(function* () {
      const server = yield* answering(text(503, ""), json(200, found(2)))
      yield* Effect.gen(function* () {
        const indexer = yield* Indexer
        yield* Effect.flip(indexer.count(QUERY))
        // The client takes the node for dead for a minute and would then see whether it lives.
        yield* Effect.acquireRelease(
          Effect.sync(() => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 })),
          () => Effect.sync(() => vi.useRealTimers()),
        )
        assert.strictEqual(yield* indexer.count(QUERY), 2)
        yield* Effect.sleep("50 millis")
      }).pipe(Effect.provide(OpenSearchIndexer.layer(options(server.url))))
      assert.deepStrictEqual(
        server.requests.map(({ method }) => method),
        ["POST", "POST"],
      )
    }),
  )

  it.live("are repeated three times at most, and never after a refused login", () =>
    Effect.gen(function* () {
      const retry = { ...defaultRetrySettings, retryDelayMs: 5 }
      const overloaded = yield* answering(text(503, ""))
      yield* Effect.flip(count(options(overloaded.url, { retry })))
      assert.strictEqual(overloaded.requests.length, 4)
      for (const reply of [text(401, "Unauthorized"), json(403, FORBIDDEN), text(200, "<html>")]) {
        const refusing = yield* answering(reply)
        yield* Effect.flip(count(options(refusing.url, { retry })))
        assert.strictEqual(refusing.requests.length, 1)
      }
    }),
  )

  it.live("wait as long as Retry-After says", () =>
    Effect.gen(function* () {
      const server = yield* answering(
        text(429, "", "text/plain", { "retry-after": "1" }),
        json(200, found(2)),
      )
      const [took, counted] = yield* Effect.timed(count(options(server.url, { retry: defaultRetrySettings })))
      assert.strictEqual(counted, 2)
      assert.isAtLeast(Duration.toMillis(took), 990)
    }),
  )

  it.live("end on the wire when whoever asked is interrupted", () =>
    Effect.gen(function* () {
      let arrived = false
      let closed = false
      const port = yield* listening(
        createServer((request) => {
          arrived = true
          request.socket.once("close", () => {
            closed = true
          })
        }),
      )
      const patient = options(`http://127.0.0.1:${port}`, { timeout: "1 minute" })
      const search = yield* Effect.forkChild(count(patient))
      yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => arrived })
      yield* Fiber.interrupt(search).pipe(Effect.timeoutOption("2 seconds"))
      yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => closed, times: 100 })
      assert.isTrue(closed)
    }),
  )
})

describe("the newest event", () => {
  const newest = (url: string) =>
    Effect.flatMap(IndexHistory, (history) =>
      history.newest({ source: "firewalla-msp", eventType: "flow" }),
    ).pipe(Effect.provide(OpenSearchIndexer.layer(options(url))))
  const hit = (fields: object) =>
    json(200, found(1, { hits: { total: { value: 1, relation: "eq" }, hits: [{ fields }] } }))

  it.live("is read from the fields of the hit", () =>
    Effect.gen(function* () {
      const server = yield* answering(
        hit({ "data.event_id": ["e1"], "data.event_time": ["2026-02-22T19:13:04.123Z"] }),
      )
      assert.deepStrictEqual(
        yield* newest(server.url),
        Option.some({ id: "e1", timeMillis: Date.parse("2026-02-22T19:13:04.123Z") }),
      )
    }),
  )

  it.live("is none in an empty index, and an error where it cannot be read", () =>
    Effect.gen(function* () {
      const empty = yield* answering(json(200, found(0)))
      assert.isTrue(Option.isNone(yield* newest(empty.url)))
      const unreadable = yield* answering(hit({ "data.event_id": ["e1"], "data.event_time": ["yesterday"] }))
      assert.strictEqual((yield* Effect.flip(newest(unreadable.url))).reason, "bad-response")
    }),
  )
})

describe("a look-up that misses something", () => {
  const closedYesterday = Effect.fnUntraced(function* () {
    const server = yield* listen(({ path }) =>
      Effect.succeed(
        path.startsWith("/_resolve/")
          ? listed(["wazuh-alerts-4.x-2026.02.22"], ["wazuh-alerts-4.x-2026.02.10"])
          : json(200, found(0)),
      ),
    )
    return options(server.url)
  })
  const since = Date.parse("2026-02-01T00:00:00Z")

  it.live("is no answer while an index is closed in which it may lie", () =>
    Effect.gen(function* () {
      const given = yield* closedYesterday()
      const error = yield* Effect.flatMap(Indexer, (indexer) => indexer.copies({ ids: ["a"], since })).pipe(
        Effect.provide(OpenSearchIndexer.layer(given)),
        Effect.flip,
      )
      assert.strictEqual(error.reason, "incomplete")
      assert.include(error.message, "2026.02.10")
    }),
  )

  it.live("is one where only what lies before the event itself is closed, as a retention policy does", () =>
    Effect.gen(function* () {
      const given = yield* closedYesterday()
      const coverSince = Date.parse("2026-02-21T00:00:00Z")
      const copies = yield* Effect.flatMap(Indexer, (indexer) =>
        indexer.copies({ ids: ["a"], since, coverSince }),
      ).pipe(Effect.provide(OpenSearchIndexer.layer(given)))
      assert.strictEqual(copies.size, 0)
    }),
  )

  it.live("is none where a remote cluster was left out, or nothing is left of what was there", () =>
    Effect.gen(function* () {
      const clusters = yield* answering(
        json(200, found(0, { _clusters: { total: 2, successful: 1, skipped: 1 } })),
      )
      assert.strictEqual((yield* Effect.flip(count(options(clusters.url)))).reason, "incomplete")
      const none = { _shards: { total: 0, successful: 0, skipped: 0, failed: 0 } }
      const empty = yield* answering(json(200, found(0, none)))
      assert.strictEqual(yield* count(options(empty.url)), 0)
      const emptied = options(empty.url, { hadIndices: true })
      assert.strictEqual((yield* Effect.flip(count(emptied))).reason, "incomplete")
    }),
  )
})
