import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { type ApiOptions, makeSimulatedApi } from "../../../src/demo/manager-api/SimulatedApi.ts"
import { defaultRetrySettings } from "../../../src/retry/decide.ts"
import { LongestWait } from "../../../src/retry/LongestWait.ts"
import { type ApiWriterOptions, apiWriterLayer } from "../../../src/writers/api/ApiWriter.ts"
import { writeHolding } from "../../../src/writers/Held.ts"
import { Writer } from "../../../src/writers/Writer.ts"
import { Peer, suite } from "../../contracts/Writer.ts"
import { eventsOf, type LogLine, recordLogs, withoutLogs } from "../../support/logRecorder.ts"
import { makeReceiver, temporaryFolder } from "../socket/receiver.ts"

const HEADER = "1:API-Webhook:waybill: "

const setUp = Effect.fnUntraced(function* (
  api: Partial<ApiOptions> = {},
  more: Partial<ApiWriterOptions> = {},
) {
  const path = join(yield* temporaryFolder, "queue")
  const receiver = yield* makeReceiver(path)
  const server = yield* makeSimulatedApi({
    username: "waybill",
    password: "s3cret-of-the-api",
    socketPath: path,
    requestsPerMinute: 6000,
    ...api,
  })
  const writer = yield* Layer.build(
    apiWriterLayer({
      url: server.url,
      username: "waybill",
      password: Redacted.make("s3cret-of-the-api"),
      requestsPerMinute: () => 6000,
      eventsPerRequest: 100,
      retry: { ...defaultRetrySettings, retryDelayMs: 10, timeoutSeconds: 2 },
      doubtfulIsTaken: true,
      ...more,
    }),
  ).pipe(Effect.map((context) => Context.get(context, Writer)))
  const received = (count: number) =>
    Effect.map(receiver.waitFor(count), (messages) => messages.map((message) => message.slice(HEADER.length)))
  const counts = Effect.map(server.counts, (all) => Object.fromEntries(all))
  return { receiver, received, server, writer, counts }
})

const withPeer = Effect.map(setUp(), ({ received, server, writer }) =>
  Context.make(Writer, writer).pipe(
    Context.add(Peer, Peer.of({ events: received, goAway: server.goDown, comeBack: server.comeBack })),
  ),
)

suite("api writer", Layer.effectContext(Effect.orDie(withPeer)))

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `{"n":${n}}`)
const held = (writer: Writer["Service"], events: ReadonlyArray<string>) =>
  writeHolding(events, {}).pipe(
    Effect.provideService(LongestWait, Duration.millis(100)),
    Effect.provideService(Writer, writer),
  )

describe("api writer against the API's limits", () => {
  it.live("250 events are three requests and one login, each under the API's own header", () =>
    Effect.gen(function* () {
      const { counts, received, receiver, writer } = yield* setUp()
      yield* writer.write(numbered(250))
      assert.deepStrictEqual(yield* received(250), numbered(250))
      assert.isTrue(receiver.messages.every((message) => message.startsWith(HEADER)))
      assert.deepStrictEqual(yield* counts, { "login-200": 1, "events-200": 3 })
    }),
  )

  it.live("of failed items only those are sent again, and the others not", () =>
    Effect.gen(function* () {
      const { received, server, writer } = yield* setUp()
      yield* server.fault({ kind: "fail-items", every: 7, code: 1014 })
      const error = yield* Effect.flip(writer.write(numbered(120)))
      assert.strictEqual(error.reason, "refused")
      const failed = numbered(100).flatMap((_, n) => (n % 7 === 0 ? [n] : []))
      const unsent = Array.from({ length: 20 }, (_, n) => 100 + n)
      assert.deepStrictEqual(error.left, [...failed, ...unsent])
      assert.strictEqual(error.handedOver, 120 - failed.length - 20)
      yield* server.fault({ kind: "fail-items", every: 2, code: 1014 })
      assert.deepStrictEqual(yield* held(writer, numbered(120)).pipe(withoutLogs), [])
      const all = yield* received(85 + 120)
      assert.strictEqual(all.length, 85 + 120)
      assert.deepStrictEqual(new Set(all.slice(85)), new Set(numbered(120)))
    }),
  )

  it.live("an item that is too large for analysisd is given up alone, and named", () =>
    Effect.gen(function* () {
      const { received, server, writer } = yield* setUp()
      yield* server.fault({ kind: "fail-items", every: 40, code: 1012 })
      const unwritable = yield* held(writer, numbered(100))
      assert.deepStrictEqual(
        unwritable.map(({ index, reason }) => [index, reason]),
        [[0, "rejected"]],
      )
      assert.include(unwritable[0]?.message ?? "", "1012")
      const all = yield* received(99)
      assert.deepStrictEqual(new Set(all), new Set(numbered(100).slice(1)))
      assert.strictEqual(all.length, 99)
    }),
  )

  it.live("a body that is too large is halved until it fits, in order; one event alone is given up", () =>
    Effect.gen(function* () {
      const { received, writer, counts } = yield* setUp({ maxBodyBytes: 2000 })
      const events = Array.from(
        { length: 20 },
        (_, n) => `{"n":${n},"fill":"${"x".repeat(n === 9 ? 3000 : 100)}"}`,
      )
      const unwritable = yield* held(writer, events)
      assert.deepStrictEqual(
        unwritable.map(({ index, reason }) => [index, reason]),
        [[9, "rejected"]],
      )
      assert.deepStrictEqual(
        yield* received(19),
        events.filter((_, n) => n !== 9),
      )
      assert.isAbove((yield* counts)["events-413"] ?? 0, 2)
    }),
  )

  it.live("a 429 is waited out for a minute, and told", () =>
    Effect.gen(function* () {
      const { counts, server, writer } = yield* setUp()
      yield* server.fault({ kind: "status", status: 429, code: 6005 })
      const error = yield* Effect.flip(writer.write(["{}"]))
      assert.strictEqual(error.reason, "throttled")
      assert.include(error.message, "6005")
      const again = yield* Effect.forkChild(writer.write(["{}"]))
      yield* Effect.sleep("600 millis")
      assert.deepStrictEqual(yield* counts, { "login-200": 1, "events-429": 1 })
      yield* Fiber.interrupt(again)
    }),
  )

  it.live("a limit that is set too high meets the API's, after what it took", () =>
    Effect.gen(function* () {
      const { received, writer } = yield* setUp({ requestsPerMinute: 30 })
      const error = yield* Effect.flip(writer.write(numbered(3200)))
      assert.deepStrictEqual([error.reason, error.handedOver, error.left?.[0]], ["throttled", 3000, 3000])
      assert.strictEqual((yield* received(3000)).length, 3000)
    }),
  )

  it.live("its own limit keeps under the API's", () =>
    Effect.gen(function* () {
      // A second stands for a minute: 30 requests in each.
      const { counts, received, writer } = yield* setUp(
        { requestsPerMinute: 30, windowMillis: 1000 },
        { requestsPerMinute: () => 25 * 60, eventsPerRequest: 10 },
      )
      yield* writer.write(numbered(600))
      assert.strictEqual((yield* received(600)).length, 600)
      assert.deepStrictEqual(yield* counts, { "login-200": 1, "events-200": 60 })
    }),
  )

  it.live("analysisd away behind the API: nothing taken, held, and each arrives once", () =>
    Effect.gen(function* () {
      const { received, receiver, writer } = yield* setUp()
      yield* writer.write(numbered(3))
      yield* received(3)
      receiver.close()
      const error = yield* Effect.flip(writer.write(numbered(10)))
      assert.deepStrictEqual([error.reason, error.handedOver], ["refused", 0])
      assert.include(error.message, "wazuh-analysisd")
      receiver.open()
      yield* writer.write(numbered(10))
      assert.deepStrictEqual(yield* received(13), [...numbered(3), ...numbered(10)])
    }),
  )
})

describe("api writer's login", () => {
  it.live("is renewed before it ends, by the token's own life", () =>
    Effect.gen(function* () {
      const { counts, writer } = yield* setUp({ tokenSeconds: 2 })
      yield* writer.write(["{}"])
      yield* writer.write(["{}"])
      yield* Effect.sleep("1100 millis")
      yield* writer.write(["{}"])
      assert.deepStrictEqual(yield* counts, { "login-200": 2, "events-200": 3 })
    }),
  )

  it.live("a token that is not valid any more is renewed once, without an error", () =>
    Effect.gen(function* () {
      const { counts, server, writer, received } = yield* setUp()
      yield* writer.write(["1"])
      yield* server.revokeTokens
      yield* writer.write(["2"])
      assert.deepStrictEqual(yield* received(2), ["1", "2"])
      assert.deepStrictEqual(yield* counts, { "login-200": 2, "events-200": 2, "events-401": 1 })
    }),
  )

  it.live("a new token that is refused as well is not renewed again at once", () =>
    Effect.gen(function* () {
      const { counts, server, writer } = yield* setUp()
      yield* server.fault({ kind: "status", status: 401 }, 20)
      const first = yield* Effect.flip(writer.write(["1"]))
      const second = yield* Effect.flip(writer.write(["1"]))
      assert.deepStrictEqual([first.reason, second.reason], ["forbidden", "forbidden"])
      assert.deepStrictEqual(yield* counts, { "login-200": 2, "events-401": 2 })
    }),
  )

  it.live(
    "a refused login is not tried again for a minute, however often a write is, and shows no password",
    () =>
      Effect.gen(function* () {
        const { counts, server, writer } = yield* setUp()
        yield* server.setPassword("another")
        const errors = yield* Effect.forEach(Array.from({ length: 60 }), () =>
          Effect.flip(writer.write(["{}"])),
        )
        assert.deepStrictEqual(yield* counts, { "login-401": 1 })
        assert.isTrue(errors.every((error) => error.reason === "forbidden"))
        assert.include(errors[59]?.message ?? "", "writer.api.password")
        assert.notInclude(JSON.stringify(errors), "s3cret")
      }),
  )

  it.live("an address that is blocked after 50 failed logins of somebody is left alone", () =>
    Effect.gen(function* () {
      const { counts, server, writer } = yield* setUp()
      const wrongly = Effect.promise(() =>
        fetch(`${server.url}/security/user/authenticate`, {
          method: "POST",
          headers: { authorization: `Basic ${btoa("somebody:wrong")}` },
        }).then((response) => response.text()),
      )
      yield* Effect.repeat(wrongly, { times: 49 })
      const errors = yield* Effect.forEach(Array.from({ length: 30 }), () =>
        Effect.flip(writer.write(["{}"])),
      )
      assert.isTrue(errors.every(({ reason }) => reason === "forbidden"))
      assert.include(errors[29]?.message ?? "", "blocked this address")
      assert.deepStrictEqual(yield* counts, { "login-401": 50, "login-403": 1 })
    }),
  )

  it.live("a user who may not send events is held and told which permission is missing", () =>
    Effect.gen(function* () {
      const { server, writer } = yield* setUp()
      yield* server.fault({ kind: "status", status: 403, code: 4000 })
      const error = yield* Effect.flip(writer.write(["{}"]))
      assert.strictEqual(error.reason, "forbidden")
      assert.include(error.message, "event:ingest")
    }),
  )
})

describe("api writer, of what nobody knows", () => {
  for (const kind of ["hang", "hang-up"] as const) {
    it.live(`${kind} after the events were taken: they count as written, and it is told`, () =>
      Effect.gen(function* () {
        const lines: Array<LogLine> = []
        const { counts, received, server, writer } = yield* setUp(
          {},
          { retry: { ...defaultRetrySettings, timeoutSeconds: 0.3 } },
        )
        yield* server.fault({ kind, taken: true })
        yield* writer.write(["1"]).pipe(Effect.provide(recordLogs(lines)))
        yield* writer.write(["2"])
        assert.deepStrictEqual(yield* received(2), ["1", "2"])
        assert.deepStrictEqual(eventsOf(lines), ["writer.doubtful"])
        // The second write began with a login, which an API at a standstill would not have answered.
        assert.strictEqual((yield* counts)["login-200"], 2)
      }),
    )
  }

  it.live("where nothing is searched for, they are sent again", () =>
    Effect.gen(function* () {
      const { received, server, writer } = yield* setUp({}, { doubtfulIsTaken: false })
      yield* server.fault({ kind: "hang-up", taken: false })
      const error = yield* Effect.flip(writer.write(["1", "2"]))
      assert.deepStrictEqual([error.handedOver, error.left], [0, [0, 1]])
      yield* writer.write(["1", "2"])
      assert.deepStrictEqual(yield* received(2), ["1", "2"])
    }),
  )
})
