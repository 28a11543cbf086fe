import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { layerHttp } from "../../../src/sources/firewalla/httpMspApi.ts"
import { firewallaFeeds } from "../../../src/sources/firewalla/layer.ts"
import { MspApi } from "../../../src/sources/firewalla/MspApi.ts"
import type { FirewallaOptions } from "../../../src/sources/firewalla/options.ts"
import { Feeds, type SourceError } from "../../../src/sources/Source.ts"
import { eventsOf, type LogLine, recordLogs } from "../../support/logRecorder.ts"
import { collectAll, named, optionsWith, TOKEN } from "./feeds.ts"
import { type Handler, mspServer, sendJson } from "./mspServer.ts"

const request = {
  feed: "firewalla-msp/flows",
  path: "/flows",
  params: { query: "ts:1.000-2.000", limit: "500" },
}
const good = { count: 0, results: [], next_cursor: null }

const retry = (changes: Partial<FirewallaOptions["retry"]> = {}) => ({ ...optionsWith().retry, ...changes })

/** One call against a server that answers like this: what came of it, what the server got, and what was logged. */
const call = Effect.fnUntraced(function* (handler: Handler, changes: Partial<FirewallaOptions> = {}) {
  const lines: Array<LogLine> = []
  const server = yield* mspServer(handler)
  const context = yield* Layer.build(layerHttp(() => optionsWith({ baseUrl: server.baseUrl, ...changes })))
  const exit = yield* Context.get(context, MspApi)
    .get(request)
    .pipe(Effect.provide(recordLogs(lines)), Effect.result)
  return { exit, received: server.received, lines, host: new URL(server.baseUrl).host }
})

/** The error of such a call, which never holds the token, wherever one looks. */
const failureOf = Effect.fnUntraced(function* (handler: Handler, changes: Partial<FirewallaOptions> = {}) {
  const { exit, host, lines, received } = yield* call(handler, changes)
  if (exit._tag === "Success") return yield* Effect.die("the call succeeded")
  const error: SourceError = exit.failure
  assert.notInclude(JSON.stringify([error, error.message, String(error), error.stack, lines]), TOKEN)
  assert.strictEqual(error.feed, "firewalla-msp/flows")
  assert.strictEqual(error.request, "/flows?query=ts:1.000-2.000&limit=500")
  for (const part of [error.feed, error.request, host]) assert.include(error.message, part)
  return { error, reason: error.reason, tries: received.length, lines }
})

describe("a request", () => {
  it.live("carries the token and nothing of ours but what it must", () =>
    Effect.gen(function* () {
      const { exit, received } = yield* call((_, response) => sendJson(response, good))
      assert.deepStrictEqual(exit._tag === "Success" && exit.success, good)
      assert.strictEqual(received[0]?.url.pathname, "/v2/flows")
      assert.strictEqual(received[0]?.url.searchParams.get("query"), "ts:1.000-2.000")
      const { host: _, ...headers } = received[0]?.headers ?? {}
      assert.deepStrictEqual(headers, {
        authorization: `Token ${TOKEN}`,
        accept: "application/json",
        "user-agent": "waybill",
        connection: "keep-alive",
      })
    }),
  )

  it.live("is made again after a 500, and says so", () =>
    Effect.gen(function* () {
      const { exit, lines, received } = yield* call(({ nth }, response) =>
        nth < 3 ? sendJson(response, { message: "oops" }, 500) : sendJson(response, good),
      )
      assert.strictEqual(exit._tag, "Success")
      assert.strictEqual(received.length, 3)
      assert.deepStrictEqual(eventsOf(lines), ["source.retrying", "source.retrying"])
      assert.deepInclude(lines[1]?.fields, { reason: "ServerError", retry: 2, delay_ms: 2 })
    }),
  )

  it.live("is given up after three retries", () =>
    Effect.gen(function* () {
      const { error, reason, tries } = yield* failureOf((_, response) =>
        sendJson(response, { message: `no such box, ${TOKEN}` }, 502),
      )
      assert.strictEqual(tries, 4)
      assert.deepStrictEqual(reason, {
        _tag: "ServerError",
        status: 502,
        detail: '{"message":"no such box, <token>"}',
      })
      assert.include(error.message, "status 502")
    }),
  )

  it.live("waits as long as a 429 asks for, and no other request starts meanwhile", () =>
    Effect.gen(function* () {
      const startedAt: Array<number> = []
      const server = yield* mspServer(({ nth }, response) => {
        startedAt.push(Date.now())
        if (nth === 1) sendJson(response, {}, 429, { "retry-after": "1" })
        else sendJson(response, good)
      })
      const context = yield* Layer.build(layerHttp(() => optionsWith({ baseUrl: server.baseUrl })))
      const api = Context.get(context, MspApi)
      const first = yield* Effect.forkChild(api.get(request))
      yield* Effect.sleep("200 millis")
      yield* api.get({ ...request, feed: "firewalla-msp/alarms" })
      yield* Fiber.join(first)
      const [asked = 0, ...later] = startedAt
      assert.strictEqual(later.length, 2)
      for (const time of later) assert.isAtLeast(time - asked, 990)
    }).pipe(Effect.provide(recordLogs([]))),
  )

  it.live("tells how long a 429 that does not end asks to wait", () =>
    Effect.gen(function* () {
      const { reason, tries } = yield* failureOf(
        (_, response) => sendJson(response, {}, 429, { "retry-after": "60" }),
        { retry: retry({ maxRetries: 1, maxRetryAfterSeconds: 0 }) },
      )
      assert.deepStrictEqual(reason, { _tag: "RateLimited", retryAfterMillis: 60_000 })
      assert.strictEqual(tries, 2)
    }),
  )

  for (const status of [401, 403]) {
    it.live(`is made once where the answer is ${status}, and says what to do`, () =>
      Effect.gen(function* () {
        const { error, reason, tries } = yield* failureOf((_, response) => sendJson(response, {}, status))
        assert.deepStrictEqual<unknown>(reason, { _tag: "Unauthorized", status })
        assert.strictEqual(tries, 1)
        assert.include(error.message, status === 401 ? "create a new personal access token" : "may not read")
      }),
    )
  }

  it.live("is made once where it is refused, and says why", () =>
    Effect.gen(function* () {
      const { error, reason, tries } = yield* failureOf((_, response) =>
        sendJson(response, { message: "bad\n\u0007query" }, 400),
      )
      assert.strictEqual(tries, 1)
      assert.strictEqual(reason._tag, "Refused")
      assert.include(error.message, "Check the feed's query")
    }),
  )

  it.live("follows no redirect", () =>
    Effect.gen(function* () {
      const elsewhere = yield* mspServer((_, response) => sendJson(response, good))
      const { error, reason } = yield* failureOf((_, response) =>
        sendJson(response, {}, 302, { location: `${elsewhere.baseUrl}/flows` }),
      )
      assert.deepStrictEqual(elsewhere.received, [])
      assert.strictEqual(reason._tag, "Refused")
      assert.include(error.message, "Redirects are not followed")
    }),
  )

  it.live("that hangs before the answer is timed out, and tried again", () =>
    Effect.gen(function* () {
      const { reason, tries } = yield* failureOf(() => {}, {
        retry: retry({ timeoutSeconds: 0.1, maxRetries: 1 }),
      })
      assert.deepStrictEqual(reason, { _tag: "TimedOut", afterMillis: 100 })
      assert.strictEqual(tries, 2)
    }),
  )

  it.live("that hangs within the body is timed out, too", () =>
    Effect.gen(function* () {
      const { reason } = yield* failureOf(
        (_, response) => {
          response.writeHead(200, { "content-type": "application/json" })
          response.write('{"results":[')
        },
        { retry: retry({ timeoutSeconds: 0.1, maxRetries: 0 }) },
      )
      assert.deepStrictEqual(reason, { _tag: "TimedOut", afterMillis: 100 })
    }),
  )

  it.live("to a port where nobody listens is unreachable", () =>
    Effect.gen(function* () {
      const { baseUrl } = yield* Effect.scoped(mspServer(() => {}))
      const { exit, lines } = yield* call(() => {}, { baseUrl })
      assert.strictEqual(exit._tag === "Failure" && exit.failure.reason._tag, "Unreachable")
      assert.include(exit._tag === "Failure" ? exit.failure.message : "", "ECONNREFUSED")
      assert.strictEqual(lines.length, 3)
    }),
  )

  it.live("keeps to the limit of requests a minute", () =>
    Effect.gen(function* () {
      const server = yield* mspServer((_, response) => sendJson(response, good))
      const context = yield* Layer.build(
        layerHttp(() => optionsWith({ baseUrl: server.baseUrl, requestsPerMinute: 600 })),
      )
      const start = yield* Clock.currentTimeMillis
      yield* Effect.repeat(Context.get(context, MspApi).get(request), { times: 9 })
      assert.isAtLeast((yield* Clock.currentTimeMillis) - start, 490)
    }),
  )
})

describe("a reply", () => {
  const cut: Record<string, Handler> = {
    "whose JSON ends early": (_, response) => {
      response.writeHead(200, { "content-type": "application/json" })
      response.end('{"count":2,"results":[{"ts":1}')
    },
    "shorter than its content-length": (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
      response.write(JSON.stringify(good))
      setTimeout(() => response.destroy(), 20)
    },
    "whose connection breaks in the middle": (_, response) => {
      response.writeHead(200, { "content-type": "application/json" })
      response.write('{"count":2')
      setTimeout(() => response.destroy(), 20)
    },
  }
  for (const [name, handler] of Object.entries(cut)) {
    it.live(`${name} is truncated, and asked for again`, () =>
      Effect.gen(function* () {
        const { error, reason, tries } = yield* failureOf(handler, { retry: retry({ maxRetries: 1 }) })
        assert.strictEqual(reason._tag, "Truncated")
        assert.strictEqual(tries, 2)
        assert.include(error.message, "cut short")
      }),
    )
  }

  it.live("of HTML is not JSON, and not asked for again", () =>
    Effect.gen(function* () {
      const { error, reason, tries } = yield* failureOf((_, response) => {
        response.writeHead(200, { "content-type": "text/html" })
        response.end("<html>Please sign in</html>")
      })
      assert.deepStrictEqual(reason, { _tag: "NotJson", contentType: "text/html" })
      assert.strictEqual(tries, 1)
      assert.include(error.message, "login page")
    }),
  )

  it.live("over the limit is not read, and says which setting to change", () =>
    Effect.gen(function* () {
      const { error, reason, tries } = yield* failureOf(
        (_, response) => sendJson(response, { results: ["x".repeat(20_000)] }),
        { maxPageBytes: 10_000 },
      )
      assert.strictEqual(reason._tag, "BadShape")
      assert.strictEqual(tries, 1)
      assert.include(error.message, "larger than 10000 bytes")
      assert.include(error.message, "max_page_bytes")
    }),
  )

  it.live("of another shape fails the poll, with no page and no position", () =>
    Effect.gen(function* () {
      const server = yield* mspServer((_, response) => sendJson(response, { data: [] }))
      const context = yield* Layer.build(firewallaFeeds(() => optionsWith({ baseUrl: server.baseUrl })))
      for (const name of ["alarms", "flows", "devices"]) {
        const { error, pages } = yield* collectAll(yield* named(name, Context.get(context, Feeds)))
        assert.strictEqual(error?.reason._tag, "BadShape")
        assert.include(error?.message, "/v2")
        assert.deepStrictEqual(pages, [])
      }
    }),
  )
})

describe("the client", () => {
  it.effect("is not even made where the token would go unencrypted over the network", () =>
    Effect.gen(function* () {
      const built = Layer.build(firewallaFeeds(() => optionsWith({ baseUrl: "http://192.0.2.1/v2" })))
      const exit = yield* Effect.exit(Effect.scoped(built))
      assert.isTrue(Exit.isFailure(exit))
      assert.include(String(exit), "InvalidFirewallaOptions")
    }),
  )

  it.effect("times out by the Clock", () =>
    Effect.gen(function* () {
      const server = yield* mspServer(() => {})
      const options = optionsWith({ baseUrl: server.baseUrl, retry: retry({ maxRetries: 0 }) })
      const context = yield* Layer.build(layerHttp(() => options))
      const fiber = yield* Effect.forkChild(Effect.flip(Context.get(context, MspApi).get(request)))
      yield* TestClock.adjust(Duration.seconds(10))
      assert.deepStrictEqual((yield* Fiber.join(fiber)).reason, { _tag: "TimedOut", afterMillis: 10_000 })
    }),
  )
})
