/** What a node that is broken, strict or away makes of a search. */
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { json, type Reply, text } from "../../src/demo/http/FaultyHttpServer.ts"
import type { IndexerErrorReason } from "../../src/indexer/Indexer.ts"
import { haveOpenssl, makeCa, signedBy } from "../support/opensearch/certificates.ts"
import {
  answering,
  copies,
  count,
  FORBIDDEN,
  found,
  listening,
  options,
  PASSWORD,
  temporaryFolder,
} from "./scriptedNode.ts"

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
