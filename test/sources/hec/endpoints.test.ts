import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { envelopesOf } from "../../../src/sources/hec/envelopes.ts"
import { allowing } from "../../../src/sources/hec/tokens.ts"
import { withoutLogs } from "../../support/logRecorder.ts"
import { CHANNEL, type CollectorChanges, collecting, type Sent, senderOf } from "./collector.ts"

const ok = { text: "Success", code: 0 }
const event = (value: unknown, more: object = {}) => JSON.stringify({ event: value, ...more })

const ENVELOPE = {
  id: "evt-12345",
  source: "hec",
  source_type: "nginx",
  format: "json",
  payload: '{"a":1}',
  attributes: { host: "fw01" },
  received_at: "2024-11-04T01:02:03Z",
}
const required: CollectorChanges = { senders: [senderOf("main", { ack: "required" })] }
const off: CollectorChanges = { senders: [senderOf("main", { ack: "off" })] }
const channel = { "x-splunk-request-channel": CHANNEL }

const CASES: ReadonlyArray<readonly [string, Sent, number, unknown, CollectorChanges?]> = [
  ["an event", { body: event("x") }, 200, ok],
  ["at /services/collector", { path: "/services/collector", body: event("x") }, 200, ok],
  ["at …/event/1.0", { path: "/services/collector/event/1.0", body: event("x") }, 200, ok],
  ["with a slash at the end", { path: "/services/collector/event/", body: event("x") }, 200, ok],
  ["several", { body: `${event("x")}\n${event({ a: 1 })}${event(0)}` }, 200, ok],
  ["gzip", { body: gzipSync(event("x")), headers: { "content-encoding": "gzip" } }, 200, ok],
  [
    "no token",
    { body: event("x"), headers: { authorization: "" } },
    401,
    { text: "Token is required", code: 2 },
  ],
  [
    "a wrong scheme",
    { body: event("x"), headers: { authorization: "Bearer x" } },
    401,
    { text: "Invalid authorization", code: 3 },
  ],
  [
    "a wrong token",
    { body: event("x"), headers: { authorization: "Splunk x" } },
    403,
    { text: "Invalid token", code: 4 },
  ],
  ["nothing", { body: "" }, 400, { text: "No data", code: 5 }],
  ["nothing but space", { body: " \n" }, 400, { text: "No data", code: 5 }],
  [
    "broken JSON",
    { body: `${event("x")}{"event":nope}` },
    400,
    { text: "Invalid data format", code: 6, "invalid-event-number": 1 },
  ],
  [
    "no gzip",
    { body: "plain", headers: { "content-encoding": "gzip" } },
    400,
    { text: "Invalid data format", code: 6 },
  ],
  [
    "an unknown encoding",
    { body: event("x"), headers: { "content-encoding": "br" } },
    415,
    { text: "Only gzip is supported as content encoding", code: 415 },
  ],
  [
    "no event",
    { body: `${event("x")}{"evnt":1}` },
    400,
    { text: "Event field is required", code: 12, "invalid-event-number": 1 },
  ],
  [
    "a blank event",
    { body: event("") },
    400,
    { text: "Event field cannot be blank", code: 13, "invalid-event-number": 0 },
  ],
  [
    "nested fields",
    { body: event("x", { fields: { a: {} } }) },
    400,
    { text: "Error in handling indexed fields", code: 15, "invalid-event-number": 0 },
  ],
  [
    "a token in the query",
    {
      path: "/services/collector/event?token=token-of-main",
      body: event("x"),
      headers: { authorization: "" },
    },
    400,
    { text: "Query string authorization is not enabled", code: 16 },
  ],
  ["a channel", { body: event("x"), headers: channel }, 200, { ...ok, ackId: 0 }],
  [
    "a channel in the query",
    { path: `/services/collector/event?channel=${CHANNEL}`, body: event("x") },
    200,
    { ...ok, ackId: 0 },
  ],
  [
    "a channel that is none",
    { body: event("x"), headers: { "x-splunk-request-channel": "one" } },
    400,
    { text: "Invalid data channel", code: 11 },
  ],
  [
    "no channel where one is required",
    { body: event("x") },
    400,
    { text: "Data channel is missing", code: 10 },
    required,
  ],
  ["a channel where acknowledgement is off", { body: event("x"), headers: channel }, 200, ok, off],
  [
    "an ack query where it is off",
    { path: "/services/collector/ack", headers: channel, body: '{"acks":[0]}' },
    400,
    { text: "ACK is disabled", code: 14 },
    off,
  ],
  [
    "an ack query without a channel",
    { path: "/services/collector/ack", body: '{"acks":[0]}' },
    400,
    { text: "Data channel is missing", code: 10 },
  ],
  [
    "an ack query that is none",
    { path: "/services/collector/ack", headers: channel, body: '{"acks":"all"}' },
    400,
    { text: "Invalid data format", code: 6 },
  ],
  [
    "an ack query for an id that never was",
    { path: "/services/collector/ack", headers: channel, body: '{"acks":[7]}' },
    200,
    { acks: { 7: false } },
  ],
  ["raw lines", { path: "/services/collector/raw?sourcetype=syslog", body: "one\r\n\n two \n" }, 200, ok],
  [
    "blank raw lines",
    { path: "/services/collector/raw", body: "\r\n \n" },
    400,
    { text: "No data", code: 5 },
  ],
  [
    "health, without a token",
    { path: "/services/collector/health", method: "GET", headers: { authorization: "" } },
    200,
    { text: "HEC is healthy", code: 17 },
  ],
  ["health by HEAD", { path: "/services/collector/health", method: "HEAD" }, 200, ""],
  [
    "a time of the request that is none",
    { path: "/services/collector/raw?time=yesterday", body: "a line" },
    400,
    { text: "Invalid data format", code: 6 },
  ],
  [
    "health 1.0",
    { path: "/services/collector/health/1.0", method: "GET" },
    200,
    { text: "HEC is healthy", code: 17 },
  ],
  [
    "another address",
    { path: "/api/v1/dlq", method: "GET" },
    404,
    { text: "The requested URL was not found on this server.", code: 404 },
  ],
  [
    "another method",
    { method: "PUT", body: event("x") },
    404,
    { text: "The requested URL was not found on this server.", code: 404 },
  ],
  [
    "an announced body over the limit",
    { body: event("x".repeat(1_000_001)) },
    413,
    { text: "Request body too large (maximum is 1000000 bytes)", code: 413 },
  ],
  [
    "a chunked body over the limit",
    { body: event("x".repeat(1_000_001)), headers: { "transfer-encoding": "chunked" } },
    413,
    { text: "Request body too large (maximum is 1000000 bytes)", code: 413 },
  ],
  [
    "the envelope of a letter that waits",
    { body: JSON.stringify(ENVELOPE) },
    200,
    ok,
    { letters: ["evt-12345"] },
  ],
  [
    "an envelope of which nobody knows",
    { body: JSON.stringify(ENVELOPE) },
    400,
    { text: "Event field is required", code: 12, "invalid-event-number": 0 },
  ],
  [
    "an envelope while the letters are being read",
    { body: JSON.stringify(ENVELOPE) },
    503,
    { text: "Server is busy", code: 9, "invalid-event-number": 0 },
    { reading: true },
  ],
  ["an event while the letters are being read", { body: event("a") }, 200, ok, { reading: true }],
  [
    "such an envelope from who may send it",
    { body: JSON.stringify(ENVELOPE) },
    200,
    ok,
    { senders: [senderOf("main", { mayReplay: true })] },
  ],
]

const collects = (name: string, changes: CollectorChanges, play: Parameters<typeof collecting>[1]) =>
  it.live(name, () => withoutLogs(collecting(changes, play)))

describe("the collector answers", () => {
  for (const [name, sent, status, body, changes = {}] of CASES)
    collects(name, changes, ({ send, spool }) =>
      Effect.gen(function* () {
        const reply = yield* send(sent)
        assert.deepStrictEqual<unknown>({ status: reply.status, body: reply.body }, { status, body })
        assert.strictEqual(reply.headers["content-type"], "application/json; charset=UTF-8")
        // A body is accepted whole, or nothing of it is.
        const isTaken = status === 200 && JSON.stringify(reply.body).includes("Success")
        assert.strictEqual((yield* spool.read("main", 0, 1)).length > 0, isTaken)
      }),
    )

  collects(
    "and keeps what the query string says of events that do not say it themselves",
    {},
    ({ send, spool }) =>
      Effect.gen(function* () {
        const query = "host=web-1&source=s&sourcetype=st&index=main&time=1771787584.123"
        yield* send({ path: `/services/collector/raw?${query}`, body: "a line" })
        yield* send({
          path: `/services/collector/event?${query}`,
          body: event("a") + event("b", { host: "web-2", time: 1771787585 }),
        })
        const chunks = yield* spool.read("main", 0, 10)
        const envelopes = chunks.flatMap((chunk) => envelopesOf("main", chunk, () => true))
        const said = {
          token: "main",
          host: "web-1",
          source: "s",
          index: "main",
          time: "2026-02-22T19:13:04.123Z",
        }
        assert.deepStrictEqual(
          envelopes.map(({ attributes }) => attributes),
          [said, said, { ...said, host: "web-2", time: "2026-02-22T19:13:05.000Z" }],
        )
        assert.deepStrictEqual([...new Set(envelopes.map((one) => one.source_type))], ["st"])
      }),
  )

  collects(
    "503 with Retry-After while the spool is full, and by its health",
    { spool: { maxEvents: 2 } },
    ({ send, spool }) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* send({ body: event("1") + event("2") })).status, 200)
        const busy = yield* send({ body: event("3") })
        assert.deepStrictEqual<unknown>([busy.status, busy.body], [503, { text: "Server is busy", code: 9 }])
        assert.strictEqual(busy.headers["retry-after"], "7")
        const health = yield* send({ path: "/services/collector/health", method: "GET" })
        assert.deepStrictEqual<unknown>(
          [health.status, health.body],
          [503, { text: "HEC is unhealthy, queues are full", code: 18 }],
        )
        yield* spool.settled("main", 2)
        yield* Effect.sleep("50 millis")
        assert.strictEqual((yield* send({ body: event("3") })).status, 200)
      }),
  )

  collects(
    "413 for what the spool can never hold, even while it is empty",
    { spool: { maxEvents: 2 } },
    ({ send }) =>
      Effect.gen(function* () {
        const reply = yield* send({ body: event("1") + event("2") + event("3") })
        assert.deepStrictEqual<unknown>(
          [reply.status, reply.body],
          [
            413,
            {
              text: "3 events in one request are more than source.hec.spool.max_events, which is 2: send less at once",
              code: 413,
            },
          ],
        )
        assert.isUndefined(reply.headers["retry-after"])
      }),
  )

  collects("503 once it is stopping", {}, ({ send, stop }) =>
    Effect.gen(function* () {
      yield* stop.request
      const reply = yield* send({ body: event("1") })
      assert.deepStrictEqual<unknown>(
        [reply.status, reply.body],
        [503, { text: "Server is shutting down", code: 23 }],
      )
      assert.strictEqual(reply.headers["retry-after"], "7")
    }),
  )

  collects("an ack id with true when the checkpoint has passed its events, once", {}, ({ send, spool }) =>
    Effect.gen(function* () {
      const ask = send({ path: "/services/collector/ack", headers: channel, body: '{"acks":[0,1]}' })
      yield* send({ body: event("1") + event("2"), headers: channel })
      yield* send({ body: event("3"), headers: channel })
      assert.deepStrictEqual<unknown>((yield* ask).body, { acks: { 0: false, 1: false } })
      yield* spool.settled("main", 2)
      assert.deepStrictEqual<unknown>((yield* ask).body, { acks: { 0: true, 1: false } })
      assert.deepStrictEqual<unknown>((yield* ask).body, { acks: { 0: false, 1: false } })
    }),
  )

  collects(
    "Firewalla records as lines of JSON, each under the poller's id",
    {
      senders: [senderOf("main", { sourceType: "firewalla:alarm", allows: allowing("", "firewalla:alarm") })],
    },
    ({ send, spool }) =>
      Effect.gen(function* () {
        const alarm = (aid: number) => JSON.stringify({ ts: 1_771_787_584.1, gid: "G", aid, type: 1 })
        const body = `${alarm(1)}\n${alarm(2)}`
        assert.strictEqual((yield* send({ path: "/services/collector/raw", body })).status, 200)
        // A webhook that is sent again is the same record.
        assert.strictEqual((yield* send({ body: `{"event":${alarm(2)}}` })).status, 200)
        const chunks = yield* spool.read("main", 0, 10)
        assert.deepStrictEqual(
          chunks.map(({ count, kind }) => [kind, count]),
          [
            ["record", 1],
            ["record", 1],
          ],
        )
        assert.strictEqual(new Set(chunks.map(({ ownId }) => ownId)).size, 2)
      }),
  )
})
