import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Redacted, Scope } from "effect"
import { ROUTES } from "../../src/admin/routes.ts"
import { isSameSecret } from "../../src/admin/token.ts"
import { settlement } from "../status/settlement.ts"
import { type Answer, sendText } from "./http.ts"
import { ALARMS, FLOWS, makeStage, NOTHING_REPLAYED, TOKEN } from "./stage.ts"

const PUBLIC = ["/healthz", "/readyz", "/", "/page/:file"]
/** Whatever the path takes as a parameter. */
const concrete = (path: string) => path.replace(/:\w+/g, "failed_1699040123_0")

const assertProblem = (answer: Answer, status: number, context = "") => {
  assert.strictEqual(answer.status, status, `${context} ${answer.text}`)
  assert.strictEqual(answer.headers["content-type"], "application/problem+json", context)
  assert.deepInclude(answer.json, { type: "about:blank", status })
}

describe("health", () => {
  it.live("has the shape that scripts know, and the counts of the run", () =>
    Effect.gen(function* () {
      const { ask, status } = yield* makeStage()
      yield* status.fetched(FLOWS, 12)
      yield* status.written(FLOWS, 10)
      yield* status.settled(FLOWS, settlement({ taken: 6, written: 5, known: 2, dead: 1, lagMillis: 900 }))
      const { json, status: code } = yield* ask("/healthz", { token: null })
      assert.strictEqual(code, 200)
      assert.deepStrictEqual(json, {
        uptime_seconds: 0,
        processed: 10,
        failed: 1,
        stored: 5,
        dlq_written: 0,
        dlq_stats: { enabled: true, written: 0, pending_files: 0, base_path: "/var/lib/waybill/dlq" },
        feeds: [
          { feed: FLOWS, outstanding: 4, committed_at: null, stalled: false, failing: false },
          { feed: ALARMS, outstanding: 0, committed_at: null, stalled: false, failing: false },
        ],
      })
    }).pipe(Effect.scoped),
  )

  it.live("is answered although the indexer is away and nothing arrives; readiness says so", () =>
    Effect.gen(function* () {
      const { ask, status, verifier } = yield* makeStage()
      yield* verifier({ indexer: "unavailable", stalled: { since: 0, stage: "indexer" } })
      yield* status.pollingBegan
      yield* status.written(FLOWS, 10)
      assert.strictEqual((yield* ask("/healthz", { token: null })).status, 200)
      const ready = yield* ask("/readyz", { token: null })
      assert.strictEqual(ready.status, 503)
      assert.deepInclude(ready.json, { ready: false })
      yield* verifier({})
      assert.strictEqual((yield* ask("/readyz", { token: null })).status, 200)
    }).pipe(Effect.scoped),
  )
})

describe("feeds", () => {
  it.live("shows each feed's checkpoint, counts and polls, and none of an inventory's devices", () =>
    Effect.gen(function* () {
      const { ask, checkpoints, status } = yield* makeStage()
      const device = {
        gid: "g",
        id: "AA:BB",
        name: "Ann's phone",
        ip: "10.0.0.1",
        network: "LAN",
        mac_vendor: "",
      }
      const checkpoint = {
        version: 1,
        newest: null,
        confirmed: 0,
        committed_at: "2026-02-22T19:13:04.123Z",
      } as const
      yield* status.checkpointed({
        ...checkpoint,
        feed: FLOWS,
        position: { kind: "inventory", generation: 3, devices: [device] },
      })
      // Of an earlier run: this one has not come to poll the feed.
      const committed_at = "2026-02-22T19:00:00.000Z"
      const position = { kind: "time", up_to: Date.parse(committed_at) } as const
      yield* checkpoints.commit({ ...checkpoint, feed: ALARMS, position, committed_at })
      yield* status.pollBegan(ALARMS)
      yield* status.pollEnded(ALARMS, { reason: "RateLimited", message: "Wait." }, 60_000)
      const { json, text } = yield* ask("/api/v1/feeds")
      assert.notInclude(text, "Ann's phone")
      assert.deepNestedInclude(json, {
        "feeds[0].checkpoint": { kind: "inventory", generation: 3, devices: 1 },
        "feeds[0].committed_at": "2026-02-22T19:13:04.123Z",
        "feeds[0].last_poll": null,
        "feeds[1].checkpoint": { kind: "time", up_to: committed_at },
        "feeds[1].committed_at": committed_at,
        "feeds[1].last_error": { reason: "RateLimited", message: "Wait." },
      })
      assert.match(text, /"next_poll":"20\d\d-/)
      yield* status.pollBegan(ALARMS)
      assert.deepNestedInclude((yield* ask("/api/v1/feeds")).json, { "feeds[1].last_poll.ended_at": null })
    }).pipe(Effect.scoped),
  )
})

describe("lag", () => {
  it.live("is each feed's over the last hour, and empty for one of which nothing was confirmed", () =>
    Effect.gen(function* () {
      const { ask, status } = yield* makeStage()
      for (const lagMillis of [900, 2500, undefined])
        yield* status.settled(FLOWS, settlement({ taken: 1, written: 1, known: 0, dead: 0, lagMillis }))
      const { json } = yield* ask("/api/v1/lag")
      assert.deepNestedInclude(json, { sample_seconds: 15, "feeds[0].feed": FLOWS, "feeds[1].samples": [] })
      assert.nestedPropertyVal(json, "feeds[0].samples[0].lag_ms", 2500)
    }).pipe(Effect.scoped),
  )
})

describe("the token", () => {
  it.live("is asked for by every endpoint but health and readiness", () =>
    Effect.gen(function* () {
      const { ask } = yield* makeStage()
      assert.sameMembers(
        ROUTES.filter(({ needsToken }) => !needsToken).map(({ path }) => path),
        PUBLIC,
      )
      for (const { method, path } of ROUTES) {
        const isPublic = PUBLIC.includes(path)
        for (const [kind, headers] of [
          ["none", {}],
          ["a wrong one", { authorization: "Bearer wrong" }],
          ["a longer one", { authorization: `Bearer ${TOKEN}x` }],
          ["an empty one", { authorization: "Bearer " }],
          ["another scheme", { authorization: `Basic ${btoa(`admin:${TOKEN}`)}` }],
          ["in the query", {}],
        ] as const) {
          const query = kind === "in the query" ? `?token=${TOKEN}&access_token=${TOKEN}` : ""
          const answer = yield* ask(concrete(path) + query, { method, token: null, headers })
          const context = `${method} ${path}, ${kind}`
          if (isPublic) {
            assert.notStrictEqual(answer.status, 401, context)
            continue
          }
          assertProblem(answer, 401, context)
          assert.strictEqual(answer.headers["www-authenticate"], 'Bearer realm="waybill"', context)
        }
        const allowed = yield* ask(concrete(path), { method })
        assert.notInclude([401, 403, 500], allowed.status, `${method} ${path} ${allowed.text}`)
      }
    }).pipe(Effect.scoped),
  )

  it("is compared whole, whatever the lengths", () => {
    const same = (one: string, other: string) => isSameSecret(Redacted.make(one), Redacted.make(other))
    assert.isTrue(same(TOKEN, TOKEN))
    for (const other of ["", TOKEN.slice(1), `${TOKEN} `, TOKEN.toUpperCase()])
      assert.isFalse(same(TOKEN, other))
  })

  it.live("is neither in a reply nor in the log, and guessing does not fill the log", () =>
    Effect.gen(function* () {
      const { ask, logs } = yield* makeStage()
      for (let n = 0; n < 20; n++)
        yield* ask("/api/v1/feeds", { headers: { authorization: `Bearer ${TOKEN}${n}` } })
      for (const { method, path } of ROUTES) {
        const { headers, text } = yield* ask(concrete(path), { method })
        for (const secret of [TOKEN, "msp-secret", "indexer-secret"])
          assert.notInclude(text + JSON.stringify(headers), secret, path)
      }
      assert.notInclude(JSON.stringify(logs), TOKEN)
      assert.lengthOf(
        logs.filter(({ event }) => event === "admin.refused"),
        1,
      )
    }).pipe(Effect.scoped),
  )
})

describe("without a token", () => {
  const refused: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = [
    ["a name that leads here", { host: "evil.example:8089" }],
    ["a name that begins like an address", { host: "127.0.0.1.evil.example" }],
    ["a user part", { host: "127.0.0.1@evil.example" }],
    ["another origin", { origin: "https://evil.example" }],
    ["the origin of a sandboxed page", { origin: "null" }],
    ["another port's page", { origin: "http://127.0.0.1:3000", "sec-fetch-site": "same-site" }],
    ["a cross-site request without an origin", { "sec-fetch-site": "cross-site" }],
  ]
  for (const [what, headers] of refused)
    it.live(`refuses what a web page can send: ${what}`, () =>
      Effect.gen(function* () {
        const { ask, port } = yield* makeStage({ token: null })
        for (const path of ["/healthz", "/api/v1/feeds"])
          assertProblem(yield* ask(path, { headers: { host: `127.0.0.1:${port}`, ...headers } }), 403, path)
      }).pipe(Effect.scoped),
    )

  it.live("refuses a request that names no host", () =>
    Effect.gen(function* () {
      const { port } = yield* makeStage({ token: null })
      assert.match(yield* sendText(port, "GET /healthz HTTP/1.0\r\n\r\n"), /^HTTP\/1.1 403 /)
    }).pipe(Effect.scoped),
  )

  it.live("answers curl, and a page of its own", () =>
    Effect.gen(function* () {
      const { ask, port } = yield* makeStage({ token: null })
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, "localhost"]) {
        assert.strictEqual((yield* ask("/api/v1/feeds", { headers: { host } })).status, 200, host)
        const own = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" }
        assert.strictEqual((yield* ask("/docs", { headers: own })).status, 200, host)
      }
    }).pipe(Effect.scoped),
  )
})

describe("problems", () => {
  it.live("say what is wrong with a request as problem+json", () =>
    Effect.gen(function* () {
      const { ask } = yield* makeStage()
      for (const path of [
        "/nothing",
        "/api/v1",
        "/api/v1/feeds/",
        "//api/v1/feeds",
        "/api//v1/feeds",
        "/API/v1/feeds",
        "/healthz/x",
        "/%00",
        "/..%2f..%2fetc",
      ])
        assertProblem(yield* ask(path), 404, path)
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
        const answer = yield* ask("/api/v1/feeds", { method })
        assertProblem(answer, 405, method)
        assert.strictEqual(answer.headers.allow, "GET")
      }
      assert.strictEqual((yield* ask("/healthz", { method: "HEAD" })).status, 200)
    }).pipe(Effect.scoped),
  )
})

describe("the documents", () => {
  it.live("describe every endpoint, and load nothing from elsewhere", () =>
    Effect.gen(function* () {
      const { ask } = yield* makeStage()
      const { text: page } = yield* ask("/docs")
      const { text: openapi } = yield* ask("/openapi.json")
      for (const { path } of ROUTES) {
        const written = path.replace(/:(\w+)/g, "{$1}")
        assert.include(openapi, `"${written}"`)
        assert.include(page, `<code>${written}</code>`)
      }
      assert.notMatch(page, /<script|<link|<img|src=|https?:\/\//i)
    }).pipe(Effect.scoped),
  )
})

describe("the server", () => {
  it.live("refuses headers that are too large, and one who is slow to send them", () =>
    Effect.gen(function* () {
      const { ask, port } = yield* makeStage({ admin: { timeout_seconds: 0.5 } })
      assert.strictEqual((yield* ask("/healthz", { headers: { "x-large": "x".repeat(20_000) } })).status, 431)
      const reply = yield* sendText(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
      assert.match(reply, /^HTTP\/1.1 408 /)
    }).pipe(Effect.scoped),
  )

  it.live("names the address and what to do when something else listens there", () =>
    Effect.gen(function* () {
      const { port } = yield* makeStage()
      const error = yield* Effect.flip(Effect.scoped(makeStage({ admin: { port } })))
      assert.strictEqual(error._tag, "AdminUnavailable")
      assert.include(error.message, `127.0.0.1:${port}: EADDRINUSE`)
      assert.include(error.message, "admin.port")
    }).pipe(Effect.scoped),
  )

  it.live("stops although somebody keeps a connection open and sends nothing more", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { port } = yield* makeStage().pipe(Scope.provide(scope))
      const idle = yield* Effect.forkChild(sendText(port, "GET /healthz HTTP/1.1\r\n"))
      yield* Effect.sleep("100 millis")
      const began = performance.now()
      yield* Scope.close(scope, Exit.void)
      assert.isBelow(performance.now() - began, 4000)
      yield* Fiber.join(idle)
    }).pipe(Effect.scoped),
  )

  it.live("answers what it was asked before it stops, and nobody after that", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { ask } = yield* makeStage({
        replay: () => Effect.delay(Effect.succeed(NOTHING_REPLAYED), "500 millis"),
      }).pipe(Scope.provide(scope))
      const asked = yield* Effect.forkChild(ask("/api/v1/dlq/replay", { method: "POST", body: "{}" }))
      yield* Effect.sleep("100 millis")
      const began = performance.now()
      yield* Scope.close(scope, Exit.void)
      assert.isBelow(performance.now() - began, 1500)
      assert.strictEqual((yield* Fiber.join(asked)).status, 200)
      assert.strictEqual((yield* Effect.exit(ask("/healthz")))._tag, "Failure")
    }).pipe(Effect.scoped),
  )
})
