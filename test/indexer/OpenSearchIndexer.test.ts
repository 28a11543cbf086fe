/** The client against an HTTP server that answers as a node does when something is wrong. */

import { readFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it, vi } from "@effect/vitest"
import { Duration, Effect, Fiber, FileSystem, Option, Redacted } from "effect"
import { json, listen, type Reply, type Request, text } from "../../src/demo/http/FaultyHttpServer.ts"
import { Indexer, type IndexerErrorReason } from "../../src/indexer/Indexer.ts"
import { IndexHistory } from "../../src/indexer/IndexHistory.ts"
import * as OpenSearchIndexer from "../../src/indexer/OpenSearchIndexer.ts"
import { defaultRetrySettings } from "../../src/retry/decide.ts"
import { haveOpenssl, makeCa, signedBy } from "../support/opensearch/certificates.ts"

const temporaryFolder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.provide(NodeServices.layer),
)

const WHOLE = { total: 3, successful: 3, skipped: 0, failed: 0 }
const found = (count: number, more: object = {}) => ({
  timed_out: false,
  _shards: WHOLE,
  hits: { total: { value: count, relation: "eq" } },
  ...more,
})

const PASSWORD = "hunter2-secret"
const options = (url: string, more: Partial<OpenSearchIndexer.OpenSearchOptions> = {}) => ({
  url,
  username: "waybill",
  password: Redacted.make(PASSWORD),
  timeout: "2 seconds" as const,
  retry: { ...defaultRetrySettings, maxRetries: 0 },
  ...more,
})

const QUERY = { ids: ["a", "b"], since: 1_771_787_584_123 }
const count = (given: OpenSearchIndexer.OpenSearchOptions) =>
  Effect.flatMap(Indexer, (indexer) => indexer.count(QUERY)).pipe(
    Effect.provide(OpenSearchIndexer.layer(given)),
  )
const copies = (given: OpenSearchIndexer.OpenSearchOptions) =>
  Effect.flatMap(Indexer, (indexer) => indexer.copies(QUERY)).pipe(
    Effect.provide(OpenSearchIndexer.layer(given)),
  )

/** A server that answers each request with the next reply, the last one for ever; what it got is kept. */
const answering = Effect.fnUntraced(function* (...replies: ReadonlyArray<Reply>) {
  const requests: Array<Request> = []
  const server = yield* listen((request) =>
    Effect.sync(() => {
      requests.push(request)
      return replies[Math.min(requests.length, replies.length) - 1] ?? text(500, "no reply was set")
    }),
  )
  return { ...server, requests }
})

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : 0))
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      }),
  )

const FORBIDDEN = {
  error: {
    root_cause: [
      {
        type: "security_exception",
        reason:
          "no permissions for [indices:data/read/search] and User [name=waybill, backend_roles=[], requestedTenant=null]",
      },
    ],
    type: "security_exception",
    reason: "no permissions for [indices:data/read/search] and User [name=waybill]",
  },
  status: 403,
}

describe("what goes wrong has a reason and says what to do", () => {
  const cases: ReadonlyArray<[string, Reply, IndexerErrorReason, ReadonlyArray<string>]> = [
    [
      "401 with the plain text of the security plugin",
      text(401, "Unauthorized"),
      "unauthorized",
      ["indexer.password"],
    ],
    ["403", json(403, FORBIDDEN), "forbidden", ["indices:data/read/search", '"read" on wazuh-alerts-4.x-*']],
    [
      "429",
      json(429, { error: { type: "rejected", reason: "queue is full" } }),
      "overloaded",
      ["queue is full"],
    ],
    [
      "503 before the security index is there",
      text(503, "OpenSearch Security not initialized."),
      "overloaded",
      ["503"],
    ],
    ["502 of a proxy", text(502, "<html>Bad gateway</html>", "text/html"), "overloaded", ["502"]],
    [
      "400",
      json(400, { error: { type: "x", reason: "bad field" } }),
      "bad-response",
      ["bad field", "index template"],
    ],
    [
      "200 with HTML",
      text(200, "<html>Log in</html>", "text/html"),
      "bad-response",
      ["not JSON", "indexer.url"],
    ],
    ["200 with broken JSON", text(200, '{"timed_out":', "application/json"), "bad-response", ["broken JSON"]],
    ["200 with other JSON", json(200, { ok: true }), "bad-response", ["unknown shape"]],
    [
      "a connection that breaks in the middle of the reply",
      { _tag: "Truncated", body: JSON.stringify(found(2)) },
      "unreachable",
      [],
    ],
    ["a hang-up", { _tag: "HangUp" }, "unreachable", ["cannot be reached"]],
    [
      "a search that ran out of time on the node",
      json(200, { ...found(2), timed_out: true }),
      "incomplete",
      ["out of time"],
    ],
    [
      "a shard that failed",
      json(
        200,
        found(2, {
          _shards: {
            total: 3,
            successful: 2,
            failed: 1,
            failures: [{ reason: { type: "t", reason: "disk" } }],
          },
        }),
      ),
      "incomplete",
      ["1 of 3 shards", "disk"],
    ],
    [
      "a shard that no node has, which is not counted as failed",
      json(200, found(2, { _shards: { total: 3, successful: 2, failed: 0 } })),
      "incomplete",
      ["1 of 3 shards"],
    ],
    [
      "an estimate instead of a count",
      json(200, found(2, { hits: { total: { value: 10_000, relation: "gte" } } })),
      "bad-response",
      ["estimate"],
    ],
  ]
  for (const [name, reply, reason, words] of cases) {
    it.live(name, () =>
      Effect.gen(function* () {
        const server = yield* answering(reply)
        const error = yield* Effect.flip(count(options(server.url)))
        assert.strictEqual(error.reason, reason)
        for (const word of [...words, new URL(server.url).host]) assert.include(error.message, word)
      }),
    )
  }

  it.live("nobody listens", () =>
    Effect.gen(function* () {
      const server = yield* answering(json(200, found(0)))
      yield* server.goDown
      const error = yield* Effect.flip(count(options(server.url)))
      assert.strictEqual(error.reason, "unreachable")
    }),
  )

  it.live("TLS where there is none", () =>
    Effect.gen(function* () {
      const server = yield* answering(json(200, found(0)))
      const error = yield* Effect.flip(count(options(server.url.replace("http:", "https:"))))
      assert.strictEqual(error.reason, "unreachable")
      assert.include(error.message, "http://")
    }),
  )

  it.live("a node that hangs, before its reply or inside it", () =>
    Effect.gen(function* () {
      const hanging = yield* answering({ _tag: "Hang" })
      const before = yield* Effect.flip(count(options(hanging.url, { timeout: "200 millis" })))
      assert.strictEqual(before.reason, "timed-out")
      assert.include(before.message, "200 ms")

      const port = yield* listening(
        createServer((_, response) => {
          response.writeHead(200, { "content-type": "application/json" })
          response.write('{"timed_out":')
        }),
      )
      const inside = yield* Effect.flip(count(options(`http://127.0.0.1:${port}`, { timeout: "200 millis" })))
      assert.strictEqual(inside.reason, "timed-out")
    }),
  )

  it.live("buckets that do not account for every document", () =>
    Effect.gen(function* () {
      const server = yield* answering(
        json(
          200,
          found(5, {
            aggregations: { ids: { sum_other_doc_count: 0, buckets: [{ key: "a", doc_count: 2 }] } },
          }),
        ),
      )
      assert.strictEqual((yield* Effect.flip(copies(options(server.url)))).reason, "bad-response")
    }),
  )

  it.live("a URL that is none, and a CA file that is not there", () =>
    Effect.gen(function* () {
      const url = yield* Effect.flip(count(options("wazuh.indexer:9200")))
      assert.include(url.message, "indexer.url")
      const ca = yield* Effect.flip(count(options("https://127.0.0.1:1", { caFile: "/nowhere/root-ca.pem" })))
      assert.strictEqual(ca.reason, "untrusted")
      assert.include(ca.message, "/nowhere/root-ca.pem")
    }),
  )

  it.live("no message tells a password, not even one in the URL", () =>
    Effect.gen(function* () {
      const server = yield* answering(text(401, "Unauthorized"))
      const given = { ...options(server.url.replace("//", `//waybill:${PASSWORD}@`)), username: undefined }
      const error = yield* Effect.flip(count(given))
      assert.strictEqual(error.reason, "unauthorized")
      assert.notInclude(`${error.message} ${JSON.stringify(error)} ${error.stack}`, PASSWORD)
    }),
  )
})

describe("requests", () => {
  it.live("are searches of the pattern and nothing else, after errors too", () =>
    Effect.gen(function* () {
      const buckets = {
        aggregations: { ids: { sum_other_doc_count: 0, buckets: [{ key: "a", doc_count: 2 }] } },
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

const openssl = await haveOpenssl()
describe.skipIf(!openssl)(`certificates${openssl ? "" : " (skipped: no openssl here)"}`, () => {
  it.live("must be signed by the CA that was given, unless any is accepted", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const [ca, other] = yield* Effect.promise(() =>
        Promise.all([makeCa(folder, "ca"), makeCa(folder, "other")]),
      )
      const signed = yield* Effect.promise(() => signedBy(ca, folder, "node"))
      const [key, cert] = yield* Effect.promise(() =>
        Promise.all([readFile(signed.key, "utf8"), readFile(signed.certificate, "utf8")]),
      )
      const port = yield* listening(
        createTlsServer({ key, cert }, (request, response) => {
          request.resume()
          response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found(2)))
        }),
      )
      const url = `https://127.0.0.1:${port}`
      assert.strictEqual(yield* count(options(url, { caFile: ca.certificate })), 2)
      assert.strictEqual(yield* count(options(url, { verifyTls: false })), 2)
      for (const given of [options(url), options(url, { caFile: other.certificate })]) {
        const error = yield* Effect.flip(count(given))
        assert.strictEqual(error.reason, "untrusted")
        assert.include(error.message, "indexer.ca_file")
      }
    }),
  )
})
