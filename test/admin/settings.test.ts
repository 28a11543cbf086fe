import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { configFrom } from "../../src/config/loadConfig.ts"
import { makeStage, TOKEN } from "./stage.ts"

const NEW_TOKEN = "the-token-of-tomorrow"
const JSON_BODY = { "content-type": "application/json" }

/** As the stage starts, but for what is said. */
const reading = (more: {
  readonly token?: string
  readonly source?: object
  readonly status?: object
  readonly admin?: object
}) =>
  Effect.fromResult(
    configFrom({
      source: { firewalla: { domain: "a.example", token: "msp-secret" }, ...more.source },
      indexer: { username: "u", password: "indexer-secret" },
      verify: { mode: "always" },
      status: { ...more.status },
      admin: { port: 0, token: more.token ?? TOKEN, ...more.admin },
    }),
  )

describe("POST /api/v1/reload", () => {
  it.live("needs the token, answers what has changed, and holds for the next request", () =>
    Effect.gen(function* () {
      const stage = yield* makeStage({
        load: reading({ token: NEW_TOKEN, status: { heartbeat: "1 minute" } }),
      })
      const post = { method: "POST" }
      assert.strictEqual((yield* stage.ask("/api/v1/reload", { ...post, token: null })).status, 401)
      const answer = yield* stage.ask("/api/v1/reload", post)
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(answer.json, {
        changes: [
          { key: "status.heartbeat", from: "5m", to: "1m" },
          { key: "admin.token", from: "(hidden)", to: "(hidden)" },
        ],
      })
      assert.strictEqual((yield* stage.ask("/api/v1/feeds")).status, 401)
      assert.strictEqual((yield* stage.ask("/api/v1/feeds", { token: NEW_TOKEN })).status, 200)
      const told = stage.logs.filter(({ event }) => event === "config.reloaded" || event === "admin.changed")
      assert.deepStrictEqual(
        told.map(({ fields }) => fields.who),
        ["the admin API, from 127.0.0.1", "admin.token"],
      )
      assert.strictEqual(told[1]?.fields.changed, 2)
      assert.notInclude(JSON.stringify(stage.logs), NEW_TOKEN)
    }).pipe(Effect.scoped),
  )

  it.live("answers 422 with every problem, and nothing has changed", () =>
    Effect.gen(function* () {
      const stage = yield* makeStage({
        load: reading({ token: NEW_TOKEN, admin: { max_body_bytes: 2048 } }),
      })
      const { headers, json, status } = yield* stage.ask("/api/v1/reload", { method: "POST" })
      assert.strictEqual(status, 422)
      assert.include(headers["content-type"], "application/problem+json")
      assert.deepNestedInclude(json, {
        status: 422,
        "problems[0].where": "admin.max_body_bytes",
        "problems[0].what": "can't change while Waybill runs: restart needed",
      })
      assert.strictEqual((yield* stage.ask("/api/v1/feeds")).status, 200)
      assert.strictEqual(stage.logs.filter(({ event }) => event === "config.reload_refused").length, 1)
    }).pipe(Effect.scoped),
  )

  it.live("asks for a token where there was none, and the status page says so", () =>
    Effect.gen(function* () {
      const stage = yield* makeStage({ token: null, load: reading({ token: NEW_TOKEN }) })
      const page = Effect.map(stage.ask("/"), ({ text }) => /data-token="(\w+)"/.exec(text)?.[1])
      assert.strictEqual(yield* page, "none")
      assert.strictEqual((yield* stage.ask("/api/v1/reload", { method: "POST" })).status, 200)
      assert.strictEqual(yield* page, "asked")
      assert.strictEqual((yield* stage.ask("/api/v1/feeds")).status, 401)
      assert.strictEqual((yield* stage.ask("/api/v1/feeds", { token: NEW_TOKEN })).status, 200)
    }).pipe(Effect.scoped),
  )

  it.live("tells what is wrong in the file", () =>
    Effect.gen(function* () {
      const stage = yield* makeStage({ load: reading({ status: { heartbeat: "often" } }) })
      const { json } = yield* stage.ask("/api/v1/reload", { method: "POST" })
      assert.deepNestedInclude(json, { "problems[0].where": "status.heartbeat" })
    }).pipe(Effect.scoped),
  )
})

describe("/api/v1/log-level", () => {
  it.live("tells and changes the level, and takes only one that there is", () =>
    Effect.gen(function* () {
      const stage = yield* makeStage()
      const put = (body: string) =>
        stage.ask("/api/v1/log-level", { method: "PUT", headers: JSON_BODY, body })
      assert.deepStrictEqual((yield* stage.ask("/api/v1/log-level")).json, { level: "info" })
      const answer = yield* put('{"level":"debug"}')
      assert.deepStrictEqual([answer.status, answer.json], [200, { level: "debug" }])
      assert.deepStrictEqual((yield* stage.ask("/api/v1/log-level")).json, { level: "debug" })
      assert.strictEqual((yield* put('{"level":"loud"}')).status, 400)
      assert.deepStrictEqual((yield* stage.ask("/api/v1/log-level")).json, { level: "debug" })
      const changed = stage.logs.find(({ event }) => event === "admin.changed")
      assert.deepInclude(changed?.fields, { level_before: "info", level_now: "debug" })
    }).pipe(Effect.scoped),
  )
})
