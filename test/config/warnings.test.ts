import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { configFrom } from "../../src/config/loadConfig.ts"
import { limitOf, warnings } from "../../src/config/warnings.ts"

const keysFor = (indexer: object, firewalla: object, verify: object = {}) =>
  Result.getOrThrow(
    configFrom({
      source: { firewalla: { token: "t", ...firewalla } },
      indexer: { username: "u", password: "p", ...indexer },
      verify,
    }),
  )

describe("warnings", () => {
  it("names an admin API that speaks http on a network", () => {
    const found = (admin: object) =>
      warnings(
        Result.getOrThrow(
          configFrom({
            source: { firewalla: { token: "t", domain: "a.net" } },
            indexer: { username: "u", password: "p" },
            admin: { token: "t", ...admin },
          }),
        ),
      ).map(({ key }) => key)
    assert.deepStrictEqual(found({ host: "0.0.0.0" }), ["admin.host"])
    assert.deepStrictEqual(found({ host: "0.0.0.0", enabled: false }), [])
    for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
      assert.deepStrictEqual(found({ host }), [])
  })
  it("names what is not safe about the writer in use, and about no other", () => {
    const found = (writer: object) =>
      warnings(
        Result.getOrThrow(
          configFrom({
            source: { firewalla: { token: "t", domain: "a.net" } },
            indexer: { username: "u", password: "p" },
            writer,
          }),
        ),
      ).map(({ key }) => key)
    const api = { username: "u", password: "p", verify_tls: false, url: "http://127.0.0.1:55000" }
    assert.deepStrictEqual(found({ kind: "api", api }), ["writer.api.verify_tls", "writer.api.url"])
    assert.deepStrictEqual(found({ api }), [])
    assert.deepStrictEqual(found({ kind: "wazuh5" }), ["writer.kind"])
  })
  it("has none for a safe configuration", () => {
    assert.deepStrictEqual(warnings(keysFor({}, { domain: "a.net" })), [])
  })
  it("names each setting that is allowed and not safe", () => {
    const found = warnings(
      keysFor({ verify_tls: false, url: "http://127.0.0.1:1" }, { base_url: "http://localhost:1/v2" }),
    )
    assert.deepStrictEqual(
      found.map(({ key }) => key),
      ["indexer.verify_tls", "indexer.url", "source.firewalla.base_url"],
    )
    for (const { key, message } of found) assert.isTrue(message.startsWith(key))
  })
  it("warns of listening to other machines without TLS, and not of listening to this one, or with it", () => {
    const keysOf = (hec: object) =>
      warnings(
        Result.getOrThrow(
          configFrom({
            source: { hec: { enabled: true, tokens: { main: { token: "t" } }, ...hec } },
            indexer: { username: "u", password: "p" },
          }),
        ),
      ).map(({ key }) => key)
    assert.deepStrictEqual(keysOf({}), [])
    assert.deepStrictEqual(keysOf({ host: "0.0.0.0" }), ["source.hec.host"])
    assert.deepStrictEqual(keysOf({ host: "0.0.0.0", tls: { cert_file: "c", key_file: "k" } }), [])
  })
  it("says what a mode of verifying does not guarantee, and nothing of `always`", () => {
    const limit = (mode: string) => limitOf(keysFor({}, { domain: "a.net" }, { mode }))
    assert.isUndefined(limit("always"))
    for (const mode of ["startup-only", "off"]) assert.include(limit(mode), `verify.mode is ${mode}:`)
  })
  it("does not warn about the way to an indexer that is never asked", () => {
    const insecure = { verify_tls: false, url: "http://127.0.0.1:1" }
    assert.deepStrictEqual(warnings(keysFor(insecure, { domain: "a.net" }, { mode: "off" })), [])
  })
})
