/** Where the proxy of a source comes from, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import { fromEnvironment } from "../../src/config/environment.ts"
import { explain } from "../../src/config/explain.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { merge } from "../../src/config/merge.ts"
import type { Tree } from "../../src/config/tree.ts"
import { wayOf } from "../../src/sources/firewalla/options.ts"

const merged = (env: Record<string, string>, firewalla: Tree = {}) =>
  merge(
    {
      source: { firewalla: { domain: "a.example", token: "t", ...firewalla } },
      indexer: { username: "u", password: "p" },
    },
    fromEnvironment(env),
  )

const proxyOf = (env: Record<string, string>, firewalla: Tree = {}) => {
  const config = Result.getOrThrow(configFrom(merged(env, firewalla).tree))
  const { noProxy, proxy } = wayOf(config.source.firewalla)
  return [proxy && Redacted.value(proxy), noProxy]
}

describe("the proxy of a source", () => {
  it("is taken from the environment, of both cases the lower, and what is empty says nothing", () => {
    assert.deepStrictEqual(proxyOf({}), [undefined, undefined])
    assert.deepStrictEqual(proxyOf({ HTTPS_PROXY: "http://a:1", NO_PROXY: "x" }), ["http://a:1", "x"])
    assert.deepStrictEqual(proxyOf({ HTTPS_PROXY: "http://a:1", https_proxy: "http://b:1" })[0], "http://b:1")
    assert.deepStrictEqual(proxyOf({ HTTPS_PROXY: "http://a:1", https_proxy: "" })[0], "http://a:1")
    assert.deepStrictEqual(proxyOf({ HTTP_PROXY: "http://c:1" })[0], "http://c:1")
    assert.deepStrictEqual(proxyOf({ HTTPS_PROXY: "http://a:1", HTTP_PROXY: "http://c:1" })[0], "http://a:1")
  })
  it("is that of the setting before it, in the file or as a variable, or none", () => {
    const env = { HTTPS_PROXY: "http://a:1", NO_PROXY: "x" }
    assert.deepStrictEqual(proxyOf(env, { proxy: "https://u:p%40@file" }), ["https://u:p%40@file", "x"])
    assert.deepStrictEqual(proxyOf(env, { proxy: "none" })[0], undefined)
    assert.deepStrictEqual(proxyOf({ ...env, WAYBILL_SOURCE__FIREWALLA__PROXY: "none" })[0], undefined)
    assert.strictEqual(proxyOf(env, { no_proxy: "" })[1], "")
    assert.isUndefined(proxyOf(env, { proxy_file: "/run/secrets/proxy_url" })[0])
  })
  for (const wrong of [
    "socks5://s3cret@h:1080",
    "socks://h",
    "proxy.example.com:3128",
    "http://h:1/path",
    "http://h:0",
    "http://a%zz:s3cret@h",
    "http://h\u200b:1",
    "",
  ])
    it(`is refused by its key: ${JSON.stringify(wrong)}`, () => {
      const given = configFrom(merged({}, { proxy: wrong }).tree)
      const problem = Result.isFailure(given) ? given.failure.problems[0] : undefined
      assert.strictEqual(problem?.where, "source.firewalla.proxy")
      assert.include(problem?.what, "SOCKS is not spoken")
      assert.notInclude(JSON.stringify(problem), "s3cret")
    })
  it("is not judged where nothing is polled", () => {
    const { tree } = merge(
      { source: { hec: { enabled: true } } },
      fromEnvironment({ ALL_PROXY: "x", HTTPS_PROXY: "socks5://h" }),
    )
    assert.deepStrictEqual(tree, { source: { hec: { enabled: true } } })
  })
  it("is told with where it comes from, and never what it is", () => {
    const shown = explain(merged({ HTTPS_PROXY: "http://u:s3cret@a:1" }))
    const found = shown.find(({ key }) => key.name === "source.firewalla.proxy")
    assert.deepInclude(found, {
      from: "environment",
      variable: "HTTPS_PROXY",
      value: undefined,
      secret: true,
    })
    assert.notInclude(JSON.stringify(shown), "s3cret")
  })
})
