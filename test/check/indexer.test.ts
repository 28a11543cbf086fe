/** The hops at the indexer, over answers as a node gives them; those of a real one are in test/opensearch. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { Finding, Hop, Status } from "../../src/check/Check.ts"
import { runChecks } from "../../src/check/Check.ts"
import { makeAccess } from "../../src/check/indexer/access.ts"
import { indexerChecks } from "../../src/check/indexer/checks.ts"
import { fieldCapsOf, judgeIndices, judgeTemplate, OURS } from "../../src/check/indexer/mapping.ts"
import { explainNotAnswered } from "../../src/check/indexer/reach.ts"
import { judgeRole } from "../../src/check/indexer/role.ts"
import { judgeShards } from "../../src/check/indexer/shards.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { json, listen, type Reply, text } from "../../src/demo/http/FaultyHttpServer.ts"
import { NotAnswered } from "../../src/writers/http/Exchange.ts"

const PASSWORD = "hunter2-secret"
const configOf = (url: string, more: Readonly<Record<string, string | number>> = {}) =>
  Result.getOrThrow(
    configFrom({
      indexer: { url, username: "waybill", password: PASSWORD, timeout_seconds: 1, ...more },
      source: { firewalla: { domain: "example.firewalla.net", token: "t" } },
    }),
  )

const FORBIDDEN = json(403, {
  error: { reason: "no permissions for [indices:data/read/search] and User [name=waybill]" },
})
const SEARCHED = json(200, {
  timed_out: false,
  _shards: { total: 3, successful: 3, failed: 0 },
  hits: { hits: [] },
})
const INDEX = "wazuh-alerts-4.x-2099.01.01"
const types = (fields: Readonly<Record<string, string>>, indices: ReadonlyArray<string> = [INDEX]) =>
  json(200, {
    indices,
    fields: Object.fromEntries(Object.entries(fields).map(([field, type]) => [field, { [type]: { type } }])),
  })
const OK_TYPES = types({ "data.event_id": "keyword", "data.waybill.batch": "keyword", [OURS]: "date" })

/** By the end of the request's path; the rest is forbidden, as to a role that may only search. */
const node = (replies: Readonly<Record<string, Reply>>) =>
  listen(({ headers, path }) =>
    Effect.sync(() => {
      const expected = `Basic ${Buffer.from(`waybill:${PASSWORD}`).toString("base64")}`
      if (headers.authorization !== expected) return text(401, "Unauthorized")
      const other = decodeURIComponent(path).startsWith("/*,-") ? "other indices" : ""
      const known = Object.entries(replies).find(([end]) => `${path}${other}`.endsWith(end))
      return known?.[1] ?? FORBIDDEN
    }),
  )

const hops = Effect.fnUntraced(function* (config: ReturnType<typeof configOf>) {
  const reports = yield* runChecks(yield* indexerChecks(config), () => Effect.void)
  for (const { advice, message } of reports) assert.notInclude(message + advice, PASSWORD)
  return new Map<Hop, Finding>(reports.map(({ hop, ...found }) => [hop, found]))
})
const statuses = (found: ReadonlyMap<Hop, Finding>): Readonly<Partial<Record<Hop, Status>>> =>
  Object.fromEntries([...found].map(([hop, { status }]) => [hop, status]))
const ALL_SKIPPED = { role: "skipped", indices: "skipped", template: "skipped", shards: "skipped" } as const

describe("the indexer", () => {
  it.live("with a user who may only search is ok, but for the shards, which such a user can't see", () =>
    Effect.gen(function* () {
      const { url } = yield* node({ _search: SEARCHED, _field_caps: OK_TYPES })
      assert.deepStrictEqual(statuses(yield* hops(configOf(url))), {
        ...{ indexer: "ok", login: "ok", role: "ok", indices: "ok", template: "ok", shards: "skipped" },
      })
    }).pipe(Effect.scoped),
  )

  it.live("that refuses the login is asked once", () =>
    Effect.gen(function* () {
      const { url } = yield* node({ _search: SEARCHED })
      const found = yield* hops(configOf(url, { username: "somebody" }))
      assert.deepStrictEqual(statuses(found), { indexer: "ok", login: "fail", ...ALL_SKIPPED })
      assert.include(found.get("login")?.advice, "waybill setup")
    }).pipe(Effect.scoped),
  )

  it.live("that does not let the user search says which right is missing", () =>
    Effect.gen(function* () {
      const { url } = yield* node({ _field_caps: OK_TYPES })
      const found = yield* hops(configOf(url))
      assert.deepInclude(statuses(found), { login: "ok", role: "fail", indices: "skipped" })
      assert.include(found.get("role")?.message, "indices:data/read/search")
    }).pipe(Effect.scoped),
  )

  it.live("that can't work now, hangs, or is not there fails alone, and the rest is skipped", () =>
    Effect.gen(function* () {
      const busy = yield* node({ _search: json(503, { error: { reason: "state not recovered" } }) })
      const hanging = yield* node({ _search: { _tag: "Hang" } })
      for (const [url, message] of [
        [busy.url, "state not recovered"],
        [hanging.url, "no answer within 1 s"],
        ["http://127.0.0.1:1", "ECONNREFUSED"],
      ] as const) {
        const found = yield* hops(configOf(url))
        assert.deepStrictEqual(statuses(found), { indexer: "fail", login: "skipped", ...ALL_SKIPPED })
        assert.include(found.get("indexer")?.message, message)
      }
    }).pipe(Effect.scoped),
  )

  it.live("behind a CA that can't be read or is not trusted says which setting to correct", () =>
    Effect.gen(function* () {
      const access = makeAccess(configOf("https://127.0.0.1:1", { ca_file: "/nowhere/root-ca.pem" }))
      const error = yield* Effect.flip(access.ask("GET", "/"))
      const found = explainNotAnswered(access.host, error)
      assert.include(found.message, "/nowhere/root-ca.pem")
      assert.include(found.advice, "indexer.ca_file")
      const untrusted = new NotAnswered({
        kind: "untrusted",
        isUnsent: true,
        detail: "SELF_SIGNED_CERT_IN_CHAIN",
      })
      assert.include(explainNotAnswered("host", untrusted).advice, "indexer.ca_file")
    }),
  )

  it.live("each right too many is named", () =>
    Effect.gen(function* () {
      const { url } = yield* node({
        _search: SEARCHED,
        "other indices": SEARCHED,
        _field_caps: OK_TYPES,
        health: json(200, { active_shards: 950, number_of_data_nodes: 1 }),
        settings: json(200, { persistent: { cluster: { max_shards_per_node: "1000" } } }),
        "not-there": json(404, { error: { reason: "document missing" } }),
        internalusers: json(200, {}),
      })
      const found = yield* hops(configOf(url))
      assert.deepInclude(statuses(found), { role: "warn", shards: "warn" })
      for (const right of ["the cluster's state", "other indices", "write into the alerts", "users"])
        assert.include(found.get("role")?.message, right)
      assert.include(found.get("shards")?.message, "950 of 1000")
    }).pipe(Effect.scoped),
  )
})

describe("what the indexer's answers mean", () => {
  const NOW = Date.parse("2026-02-22T12:00:00Z")
  const caps = (reply: Reply) =>
    fieldCapsOf(
      reply._tag === "Answer"
        ? { status: reply.status, body: JSON.parse(reply.body) }
        : { status: 0, body: "" },
    )
  const config = configOf("https://wazuh.indexer:9200")

  it("indices: none, of these days, or too old", () => {
    const judged = (...indices: ReadonlyArray<string>) => judgeIndices("p-*", caps(types({}, indices)), NOW)
    assert.strictEqual(judged().status, "warn")
    assert.strictEqual(judged("a-2026.02.22", "a-2026.02.01").status, "ok")
    assert.include(judged("a-2026.02.22", "a-2026.02.01").message, "2 indices; the newest is a-2026.02.22")
    assert.strictEqual(judged("a-2026.02.21").status, "ok")
    assert.include(judged("a-2026.02.12").message, "10 days old")
    assert.strictEqual(judged("a-2026.02.12").status, "warn")
    assert.strictEqual(judged("without-a-day").status, "ok")
    // The sample data of Wazuh's dashboard.
    const withSample = judged("a-2026.02.12", "a-2026.02.11", "a-sample-security")
    assert.include(withSample.message, "the newest, a-2026.02.12, is 10 days old")
    assert.strictEqual(judgeIndices("p-*", undefined, NOW).status, "warn")
  })

  it("template: ours, not ours, and one that ids can't be searched in", () => {
    const judged = (fields: Readonly<Record<string, string>>) => judgeTemplate(config, caps(types(fields)))
    assert.strictEqual(judged({ "data.event_id": "keyword", [OURS]: "date" }).status, "ok")
    const without = judged({ "data.event_id": "keyword", [OURS]: "keyword" })
    assert.strictEqual(without.status, "warn")
    assert.include(without.advice, "waybill setup")
    assert.strictEqual(judged({}).status, "warn")
    const odd = judged({ "data.event_id": "text", [OURS]: "date" })
    assert.strictEqual(odd.status, "fail")
    assert.include(odd.advice, "indexer.fields.id")
  })

  it("shards: below, near and at the limit, whoever set it", () => {
    const health = (active_shards: number, number_of_data_nodes = 1) => ({
      active_shards,
      number_of_data_nodes,
    })
    assert.strictEqual(judgeShards(health(100), undefined).status, "ok")
    assert.strictEqual(judgeShards(health(1900, 2), undefined).status, "warn")
    assert.strictEqual(judgeShards({ ...health(900), unassigned_shards: 100 }, undefined).status, "fail")
    const settings = {
      transient: { cluster: { max_shards_per_node: "3000" } },
      defaults: { cluster: { max_shards_per_node: "1000" } },
    }
    assert.strictEqual(judgeShards(health(1900), settings).status, "ok")
  })

  it("role: an answer that is neither is told as it is", () => {
    const access = makeAccess(config)
    const found = judgeRole(access, { status: 400, body: { error: { reason: "bad index name" } } }, [])
    assert.strictEqual(found.status, "fail")
    assert.include(found.message, "400: bad index name")
  })
})
