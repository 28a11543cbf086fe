import { assert, describe, it } from "vitest"
import { fromEnvironment } from "../../src/config/environment.ts"
import { explain } from "../../src/config/explain.ts"
import { merge } from "../../src/config/merge.ts"

const FILE = {
  source: { firewalla: { token: "a-secret" } },
  indexer: { url: "https://a.example", password_file: "/run/secrets/password" },
}

const explained = (env: Record<string, string>) =>
  new Map(explain(merge(FILE, fromEnvironment(env))).map((one) => [one.key.name, one]))

describe("an explained configuration", () => {
  it("has no value of a secret in it", () => {
    const text = JSON.stringify([...explained({ WAYBILL_ADMIN__TOKEN: "a-secret" }).values()])
    assert.notInclude(text, "a-secret")
  })

  it("names the variable only where it is what counts", () => {
    const settings = explained({
      INDEXER_PASSWORD: "p",
      INDEXER_URL: "https://b.example",
      WAYBILL_INDEXER__URL: "",
    })
    assert.deepInclude(settings.get("indexer.url"), {
      value: "https://b.example",
      from: "environment",
      variable: "INDEXER_URL",
    })
    // The password takes the place of its file, which is then not given at all.
    assert.deepInclude(settings.get("indexer.password"), {
      from: "environment",
      variable: "INDEXER_PASSWORD",
    })
    assert.deepInclude(settings.get("indexer.password_file"), { from: undefined, value: undefined })
    assert.deepInclude(explained({}).get("indexer.password"), { from: "secret file", variable: undefined })
  })
})
