import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { keys } from "../../src/config/catalogue.ts"
import { type Change, changesBetween } from "../../src/config/changes.ts"
import { isLive, LIVE_KEYS } from "../../src/config/liveKeys.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { put, type Tree } from "../../src/config/tree.ts"

const BASE: Tree = {
  source: {
    firewalla: { domain: "a.example", token: "msp-secret" },
    hec: { enabled: true, tokens: { main: { token: "hec-secret" } } },
  },
  indexer: { username: "u", password: "indexer-secret" },
}
const configOf = (set: Readonly<Record<string, unknown>> = {}) =>
  Result.getOrThrow(
    configFrom(Object.entries(set).reduce((tree, [key, value]) => put(tree, key.split("."), value), BASE)),
  )

const CASES: ReadonlyArray<readonly [string, Readonly<Record<string, unknown>>, ReadonlyArray<Change>]> = [
  ["nothing", { "batch.max_events": 500, "status.heartbeat": "300 seconds" }, []],
  [
    "a duration, as people write it",
    { "source.firewalla.feeds.flows.interval": "90 seconds" },
    [{ key: "source.firewalla.feeds.flows.interval", from: "15m", to: "1m 30s", live: true }],
  ],
  [
    "a secret, without showing it",
    { "source.firewalla.token": "another" },
    [{ key: "source.firewalla.token", from: "(hidden)", to: "(hidden)", live: true }],
  ],
  [
    "the token of a sender",
    { "source.hec.tokens.main.token": "another" },
    [{ key: "source.hec.tokens.main.token", from: "(hidden)", to: "(hidden)", live: true }],
  ],
  [
    "a secret that is set for the first time",
    { "admin.token": "a-token" },
    [{ key: "admin.token", from: null, to: "(hidden)", live: true }],
  ],
  [
    "keys in the order of the Schema, whichever of them need a restart",
    { "log.level": "debug", "indexer.url": "https://b.example:9200", "verify.grace": "4 seconds" },
    [
      { key: "indexer.url", from: "https://wazuh.indexer:9200", to: "https://b.example:9200", live: false },
      { key: "verify.grace", from: "3s", to: "4s", live: true },
      { key: "log.level", from: "info", to: "debug", live: true },
    ],
  ],
]

describe("what differs between two configurations", () => {
  for (const [what, set, expected] of CASES)
    it(what, () => assert.deepStrictEqual(changesBetween(configOf(), configOf(set)), expected))

  it("a sender that comes or goes needs a restart, though its token alone would not", () => {
    const more = configOf({ "source.hec.tokens.other.token": "other-secret" })
    for (const changes of [changesBetween(configOf(), more), changesBetween(more, configOf())]) {
      assert.isTrue(changes.some(({ key }) => key === "source.hec.tokens.other.token"))
      assert.isTrue(changes.every(({ live }) => !live))
    }
  })
})

describe("the keys that may change while Waybill runs", () => {
  it("are keys of the configuration", () => {
    const known = new Set(keys.map(({ name }) => name))
    assert.deepStrictEqual(
      [...LIVE_KEYS].filter((key) => !known.has(key)),
      [],
    )
  })
  it("are known by any name that is chosen in them, and no others are", () => {
    assert.isTrue(isLive("source.hec.tokens.a-sender.token"))
    assert.isFalse(isLive("source.hec.tokens.a-sender.source_types"))
    assert.isFalse(isLive("no.such.key"))
    for (const { name } of keys) assert.strictEqual(isLive(name), LIVE_KEYS.has(name), name)
  })
  it("never move what a start has opened, taken or promised", () => {
    const fixed =
      /\.(url|base_url|domain|host|port|path|socket|kind|mode|enabled|ca_file|cert_file|key_file)$/
    assert.deepStrictEqual(
      [...LIVE_KEYS].filter((key) => fixed.test(key)),
      [],
    )
  })
})
