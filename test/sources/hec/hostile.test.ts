/** Whatever is sent: a clear status, no crash, and nothing that grows. */
import { connect } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { withoutLogs } from "../../support/logRecorder.ts"
import { CHANNEL, collecting, type Sent } from "./collector.ts"

const CLEAR: ReadonlySet<number> = new Set([200, 400, 401, 403, 404, 408, 413, 415, 431, 503])
const GZIP = { "content-encoding": "gzip" }

const MEGABYTE = 1_000_000
const bomb = gzipSync(Buffer.alloc(200 * MEGABYTE, 0x20))
const keys = (count: number) => `{${Array.from({ length: count }, (_, n) => `"k${n}":${n}`).join(",")}}`

const BODIES: ReadonlyArray<readonly [string, Sent, number]> = [
  ["50 MB", { body: Buffer.alloc(50 * MEGABYTE, 0x61) }, 413],
  [
    "50 MB that are not announced",
    { body: Buffer.alloc(50 * MEGABYTE, 0x61), headers: { "transfer-encoding": "chunked" } },
    413,
  ],
  ["a gzip bomb of 200 MB", { body: bomb, headers: GZIP }, 413],
  ["a bomb in a bomb", { body: gzipSync(bomb), headers: GZIP }, 400],
  ["half a gzip", { body: gzipSync('{"event":"x"}').subarray(0, 15), headers: GZIP }, 400],
  ["a nest of lists", { body: `{"event":${"[".repeat(400_000)}` }, 400],
  ["a nest of objects", { body: '{"event":'.repeat(100_000) }, 400],
  ["a nest that closes", { body: `{"event":${"[".repeat(5000)}${"]".repeat(5000)}}` }, 400],
  ["a hundred thousand keys", { body: `{"event":${keys(50_000)}}` }, 200],
  ["a million keys", { body: `{"event":${keys(1_000_000)}}` }, 413],
  ["NUL", { body: '{"event":"a\0b"}' }, 400],
  ["escaped NUL", { body: '{"event":"a\\u0000b"}' }, 200],
  ["NUL in a line", { path: "/services/collector/raw", body: "a\0b" }, 200],
  ["lone surrogates", { body: '{"event":"\\ud800","host":"\\udc00","\\ud800":1}' }, 200],
  ["no UTF-8", { body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) }, 400],
  [
    "no UTF-8 in a text",
    { body: Buffer.concat([Buffer.from('{"event":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]) },
    200,
  ],
  ["a byte order mark", { body: '\ufeff{"event":"x"}' }, 200],
  ["a prototype", { body: '{"event":{"__proto__":{"x":1},"constructor":1},"__proto__":{"event":"y"}}' }, 200],
  [
    "a path for an id",
    {
      body: JSON.stringify({
        id: "../../etc/passwd",
        source: "",
        source_type: "",
        format: "json",
        payload: "",
        attributes: {},
        received_at: "",
      }),
    },
    400,
  ],
  [
    "a path for a channel",
    { body: '{"event":"x"}', headers: { "x-splunk-request-channel": "../../x" } },
    400,
  ],
  ["a path for a sourcetype", { body: '{"event":"x","sourcetype":"../../x","index":"/","host":"%00"}' }, 200],
  ["a path out of the tree", { path: "/services/collector/../../../etc/passwd", body: "x" }, 404],
  ["an encoded path", { path: "/services/collector/%2e%2e/%2e%2e/x", body: "x" }, 404],
  ["a path that is no text", { path: "/services/collector/%ff%fe", body: "x" }, 404],
  ["a long path", { path: `/services/collector/${"a".repeat(8000)}`, body: "x" }, 404],
  ["headers beyond all measure", { body: "x", headers: { "x-long": "a".repeat(40_000) } }, 431],
  [
    "a long token",
    { body: '{"event":"x"}', headers: { authorization: `Splunk ${"a".repeat(10_000)}` } },
    403,
  ],
  [
    "many ack ids",
    {
      path: "/services/collector/ack",
      headers: { "x-splunk-request-channel": CHANNEL },
      body: JSON.stringify({ acks: Array.from({ length: 100_000 }, (_, n) => n) }),
    },
    200,
  ],
  [
    "ack ids that are none",
    {
      path: "/services/collector/ack",
      headers: { "x-splunk-request-channel": CHANNEL },
      body: '{"acks":[1e300,-1,0.5]}',
    },
    400,
  ],
]

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

/** What is alive, in megabytes. */
const heldMegabytes = Effect.gen(function* () {
  // Sockets and zlib let go of their memory a moment later.
  yield* Effect.sleep("100 millis")
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return (arrayBuffers + heapUsed) / MEGABYTE
})

/** A connection that says this much of a request and no more; how it ended. */
const halfRequest = (port: number, text: string) =>
  Effect.callback<string>((resume) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text))
    let reply = ""
    socket.on("data", (data) => {
      reply += data.toString()
    })
    socket.on("error", () => undefined)
    socket.on("close", () => resume(Effect.succeed(reply)))
  })

describe("hostile input", () => {
  it.live("is answered clearly, whatever it is, and the next sender is served", () =>
    withoutLogs(
      collecting({}, ({ send }) =>
        Effect.gen(function* () {
          const sendAll = Effect.forEach(BODIES, ([name, sent, status]) =>
            Effect.gen(function* () {
              const reply = yield* send(sent).pipe(Effect.timeout("10 seconds"))
              assert.strictEqual(reply.status, status, `${name}: ${JSON.stringify(reply.body)}`)
              const next = yield* send({ body: '{"event":"a good one"}' })
              assert.strictEqual(next.status, 200, `after ${name}`)
            }),
          )
          yield* sendAll
          const once = yield* heldMegabytes
          yield* Effect.repeat(sendAll, { times: 2 })
          // A body that the client itself still holds goes a little later.
          const grown = yield* Effect.map(heldMegabytes, (held) => held - once).pipe(
            Effect.repeat({ until: (megabytes) => megabytes < 10, times: 20 }),
          )
          assert.isBelow(grown, 10)
        }),
      ),
    ),
  )

  it.live.prop(
    "of any bytes, headers and addresses has a clear status",
    [
      Schema.Array(Schema.Uint8Array),
      Schema.Literals(["/services/collector", "/services/collector/raw", "/services/collector/ack", "/x"]),
      Schema.Literals(["identity", "gzip", "deflate"]),
      Schema.String,
    ],
    ([chunks, path, encoding, query]) =>
      withoutLogs(
        collecting({}, ({ send }) =>
          Effect.gen(function* () {
            const { status } = yield* send({
              path: `${path}?sourcetype=${encodeURIComponent(query.toWellFormed())}`,
              headers: { "content-encoding": encoding, "x-splunk-request-channel": CHANNEL },
              body: Buffer.concat(chunks),
            })
            assert.isTrue(CLEAR.has(status), `status ${status}`)
          }),
        ),
      ),
    { arbitrary: { runs: 60 } },
  )

  it.live.prop(
    "that is almost right is taken whole or refused whole",
    [Schema.Array(Schema.Record(Schema.String, Schema.Unknown)), Schema.Int],
    ([objects, cut]) =>
      withoutLogs(
        collecting({}, ({ send, spool }) =>
          Effect.gen(function* () {
            const text = objects.map((one, n) => JSON.stringify({ event: n % 2 === 0 ? one : n })).join("")
            const body = text.slice(0, text.length - (Math.abs(cut) % 3))
            const { status } = yield* send({ body })
            const taken = yield* spool.read("main", 0, 1_000_000)
            const count = taken.reduce((sum, chunk) => sum + chunk.count, 0)
            assert.strictEqual(count, status === 200 ? objects.length : 0)
            if (body === text && text !== "") assert.strictEqual(status, 200)
          }),
        ),
      ),
    { arbitrary: { runs: 60 } },
  )

  it.live("that comes too slowly is cut off, and holds nobody up", () =>
    withoutLogs(
      collecting({ options: { requestTimeoutMillis: 500 } }, ({ port, send, spool }) =>
        Effect.gen(function* () {
          const head =
            "POST /services/collector HTTP/1.1\r\nhost: x\r\nauthorization: Splunk token-of-main\r\n"
          const slow = yield* Effect.forkChild(
            Effect.all(
              [
                halfRequest(port, "POST /services/coll"),
                halfRequest(port, head),
                halfRequest(port, `${head}content-length: 100\r\n\r\n{"event":`),
                halfRequest(port, `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"eve`),
              ],
              { concurrency: "unbounded" },
            ),
          )
          assert.strictEqual((yield* send({ body: '{"event":"quick"}' })).status, 200)
          const replies = yield* Fiber.join(slow).pipe(Effect.timeout("8 seconds"))
          for (const reply of replies) assert.match(reply, /^$|^HTTP\/1\.1 408 /)
          assert.strictEqual(spool.stats().events, 1)
        }),
      ),
    ),
  )

  it.live("that hangs up in the middle leaves nothing behind", () =>
    withoutLogs(
      collecting({}, ({ port, send, spool }) =>
        Effect.gen(function* () {
          const head =
            "POST /services/collector HTTP/1.1\r\nhost: x\r\nauthorization: Splunk token-of-main\r\ncontent-length: 900000\r\n\r\n"
          for (let n = 0; n < 50; n++)
            yield* Effect.callback<void>((resume) => {
              const socket = connect(port, "127.0.0.1", () => {
                socket.write(head + "x".repeat(300_000), () => {
                  socket.destroy()
                  resume(Effect.void)
                })
              })
              socket.on("error", () => undefined)
            })
          yield* Effect.sleep("200 millis")
          // 50 × 300 kB would be over what may be held, had any of it stayed.
          assert.strictEqual((yield* send({ body: `{"event":"${"y".repeat(900_000)}"}` })).status, 200)
          assert.strictEqual(spool.stats().events, 1)
        }),
      ),
    ),
  )

  it.live("that alone is more than may be held is too large, and need not come back", () =>
    withoutLogs(
      collecting({ options: { maxBufferedBytes: 1_500_000 } }, ({ send }) =>
        Effect.gen(function* () {
          const body = gzipSync(`{"event":"${"z".repeat(2_000_000)}"}`)
          const reply = yield* send({ body, headers: { "content-encoding": "gzip" } })
          assert.strictEqual(reply.status, 413)
        }),
      ),
    ),
  )

  it.live("that together is more than may be held is told to come back", () =>
    withoutLogs(
      collecting({ options: { maxBufferedBytes: 1_500_000 } }, ({ send }) =>
        Effect.gen(function* () {
          const body = `{"event":"${"z".repeat(900_000)}"}`
          const replies = yield* Effect.forEach(Array.from({ length: 12 }), () => send({ body }), {
            concurrency: "unbounded",
          })
          const statuses = new Set(replies.map(({ status }) => status))
          assert.isTrue([...statuses].every((status) => status === 200 || status === 503))
          assert.isTrue(statuses.has(200))
          assert.strictEqual((yield* send({ body })).status, 200)
        }),
      ),
    ),
  )
})
