/** The indexer's hops of `waybill check` on a real node with the security plugin. */
import { assert, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { type Hop, runChecks } from "../../src/check/Check.ts"
import { indexerChecks } from "../../src/check/indexer/checks.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import type { User } from "../support/opensearch/settings.ts"
import { alertOf } from "../support/wazuh/alerts.ts"
import { contentText } from "../support/wazuh/shipped.ts"
import { asAdmin, lent, onOwnNode, ownIndices } from "./realNode.ts"

const ARRIVED = Date.parse("2026-02-22T19:13:07.500Z")
const CANARY =
  'waybill: {"source":"waybill","event_type":"canary","event_id":"c-1","event_time":"2026-02-22T19:13:07.000Z","waybill":{"batch":"c","attempt":"1","sent_at":"2026-02-22T19:13:07.000Z"}}'

onOwnNode("waybill check on a real OpenSearch", (node, users) => {
  const hopsAs = Effect.fnUntraced(function* (
    user: User,
    pattern: string,
    more: { readonly caFile?: string } = {},
  ) {
    const caFile = more.caFile ?? node.caFile
    const config = Result.getOrThrow(
      configFrom({
        indexer: {
          ...{ url: node.url, username: user.username, password: user.password, index_pattern: pattern },
          ...(caFile === undefined ? {} : { ca_file: caFile }),
        },
        source: { firewalla: { domain: "example.firewalla.net", token: "t" } },
      }),
    )
    const reports = yield* runChecks(yield* indexerChecks(config), () => Effect.void)
    for (const { advice, message } of reports) assert.notInclude(message + advice, user.password)
    const said = (hop: Hop) => {
      const report = reports.find((one) => one.hop === hop)
      return `${report?.message} ${report?.advice}`
    }
    return { statuses: Object.fromEntries(reports.map(({ hop, status }) => [hop, status])), said }
  })

  /** An index of today, as Filebeat would have made it. */
  const anIndex = Effect.fnUntraced(function* (withTemplate: boolean) {
    const prefix = yield* ownIndices(node, "check")
    if (withTemplate) {
      const ours = {
        ...JSON.parse(contentText("template/waybill-template.json")),
        index_patterns: [`${prefix}*`],
      }
      yield* lent(node, `/_template/${prefix}waybill`, ours)
    } else {
      const keywords = { properties: { sent_at: { type: "keyword" }, batch: { type: "keyword" } } }
      const data = { properties: { event_id: { type: "keyword" }, waybill: keywords } }
      yield* lent(node, `/_template/${prefix}stock`, {
        index_patterns: [`${prefix}*`],
        mappings: { properties: { data } },
      })
    }
    const index = `${prefix}${new Date().toISOString().slice(0, 10).replaceAll("-", ".")}`
    yield* asAdmin(node, "POST", `/${index}/_doc?refresh=true`, alertOf(CANARY, ARRIVED))
    return { pattern: `${prefix}*`, index }
  })

  it.live("the user of an installation is all right; what it can't see is skipped", () =>
    Effect.gen(function* () {
      const { index, pattern } = yield* anIndex(true)
      const { said, statuses } = yield* hopsAs(users.waybill, pattern)
      assert.deepStrictEqual(
        statuses,
        { indexer: "ok", login: "ok", role: "ok", indices: "ok", template: "ok", shards: "skipped" },
        said("role"),
      )
      assert.include(said("indices"), `1 index; the newest is ${index}`)
    }).pipe(Effect.scoped),
  )

  it.live("an admin is told to use a lesser user, and nothing was changed by finding out", () =>
    Effect.gen(function* () {
      const { index, pattern } = yield* anIndex(true)
      const { said, statuses } = yield* hopsAs(users.admin, pattern)
      assert.deepInclude(statuses, { role: "warn", template: "ok", shards: "ok" })
      for (const right of [
        "see the cluster's state",
        "search other indices",
        "write into the alerts",
        "read the indexer's users",
      ])
        assert.include(said("role"), right)
      assert.match(said("shards"), /^\d+ of 1000 shards are open\./)
      yield* asAdmin(node, "POST", `/${index}/_refresh`)
      const { body } = yield* asAdmin(node, "GET", `/${index}/_count`)
      assert.deepInclude(body, { count: 1 })
    }).pipe(Effect.scoped),
  )

  it.live("without Waybill's template it warns, and without an index it can't say", () =>
    Effect.gen(function* () {
      const { pattern } = yield* anIndex(false)
      const { said, statuses } = yield* hopsAs(users.waybill, pattern)
      assert.deepInclude(statuses, { indices: "ok", template: "warn" }, said("template"))
      const none = yield* hopsAs(users.waybill, "wazuh-alerts-4.x-of-nobody-*")
      assert.deepStrictEqual(none.statuses, {
        ...{
          indexer: "ok",
          login: "ok",
          role: "ok",
          indices: "warn",
          template: "skipped",
          shards: "skipped",
        },
      })
    }).pipe(Effect.scoped),
  )

  it.live("a wrong password, a user without rights and an unknown CA each fail at their hop", () =>
    Effect.gen(function* () {
      const { pattern } = yield* anIndex(true)
      const wrong = yield* hopsAs({ username: "waybill", password: "wrong-password" }, pattern)
      assert.deepInclude(wrong.statuses, { indexer: "ok", login: "fail", role: "skipped" })
      const stranger = yield* hopsAs(users.stranger, pattern)
      assert.deepInclude(stranger.statuses, { login: "ok", role: "fail", indices: "skipped" })
      assert.include(stranger.said("role"), "indices:data/read/search")
      const other = yield* hopsAs(users.waybill, pattern, { caFile: "/etc/ssl/certs/ca-certificates.crt" })
      assert.deepInclude(other.statuses, { indexer: "fail", login: "skipped" })
      assert.include(other.said("indexer"), "indexer.ca_file")
    }).pipe(Effect.scoped),
  )
})
