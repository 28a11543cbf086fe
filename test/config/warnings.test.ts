import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { configFrom } from "../../src/config/loadConfig.ts"
import { warnings } from "../../src/config/warnings.ts"

const keysFor = (indexer: object, firewalla: object) =>
  Result.getOrThrow(
    configFrom({
      source: { firewalla: { token: "t", ...firewalla } },
      indexer: { username: "u", password: "p", ...indexer },
    }),
  )

describe("warnings", () => {
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
})
