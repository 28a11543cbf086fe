import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { Yaml } from "effect/encoding"
import { afterEach, beforeEach, vi } from "vitest"
import { jsonSchemaDocument } from "../../../src/config/documents.ts"
import { configFrom } from "../../../src/config/loadConfig.ts"
import { runIn } from "../inProcess.ts"

const SECRETS = ["msp-secret", "indexer-secret", "sender-secret", "otlp-secret"]
const YAML = `
source:
  firewalla: { domain: a.example, token: msp-secret }
  hec: { enabled: true, tokens: { siem: { token: sender-secret } } }
indexer: { username: "u # no comment", url: https://indexer.example:9200 }
traces: { headers: "authorization=otlp-secret" }
`

let folder = ""
const fileOf = (name: string, text: string) => {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "waybill-"))
  vi.stubEnv("WAYBILL_CONFIG", fileOf("waybill.yaml", YAML))
  vi.stubEnv("INDEXER_PASSWORD_FILE", fileOf("password", "indexer-secret\n"))
  vi.stubEnv("WAYBILL_LOG__LEVEL", "warn")
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const origins = Effect.fnUntraced(function* (...flags: ReadonlyArray<string>) {
  const { output } = yield* runIn(["config", "show", "--json", ...flags])
  const shown: {
    command: string
    settings: Array<{ key: string; value: unknown; from: string | null; variable: string | null }>
  } = JSON.parse(output)
  assert.strictEqual(shown.command, "config show")
  return new Map(shown.settings.map(({ from, key, value, variable }) => [key, { value, from, variable }]))
})

describe("waybill config show", () => {
  it.effect("says where each value comes from", () =>
    Effect.gen(function* () {
      const settings = yield* origins()
      const expected = {
        "indexer.url": { value: "https://indexer.example:9200", from: "file", variable: null },
        "indexer.password": { value: "<hidden>", from: "secret file", variable: null },
        "source.firewalla.token": { value: "<hidden>", from: "file", variable: null },
        "source.hec.tokens.siem.token": { value: "<hidden>", from: "file", variable: null },
        "log.level": { value: "warn", from: "environment", variable: "WAYBILL_LOG__LEVEL" },
        "log.format": { value: "json", from: "default", variable: null },
        "indexer.ca_file": { value: null, from: null, variable: null },
        "admin.token": { value: null, from: null, variable: null },
      }
      for (const [key, setting] of Object.entries(expected)) assert.deepEqual(settings.get(key), setting, key)
      const changed = yield* origins("--changed")
      assert.isTrue(changed.has("log.level"))
      assert.isFalse(changed.has("log.format"))
      assert.isFalse(changed.has("indexer.ca_file"))
    }),
  )

  it.effect("is YAML that is the same configuration but for its secrets, and shows none of them", () =>
    Effect.gen(function* () {
      const { output } = yield* runIn(["config", "show"])
      for (const secret of SECRETS) assert.notInclude(output, secret)
      for (const secret of SECRETS)
        assert.notInclude((yield* runIn(["config", "show", "--json"])).output, secret)
      const { indexer, traces, ...others } = Object(Yaml.parse(output))
      const { password_file: _, ...rest } = indexer
      assert.strictEqual(traces.headers, "<hidden>")
      assert.strictEqual(indexer.password, "<hidden>")
      // A secret is named by its file or hidden; what stands in its place is not checked as a secret is.
      const whole = configFrom({ ...others, indexer: rest })
      assert.deepInclude(Result.getOrThrow(whole).indexer, {
        username: "u # no comment",
        url: "https://indexer.example:9200",
      })
    }),
  )
})

describe("waybill config validate", () => {
  it.effect("is satisfied with what a start takes, and warns of what is not safe", () =>
    Effect.gen(function* () {
      vi.stubEnv("WAYBILL_INDEXER__VERIFY_TLS", "false")
      const { code, output } = yield* runIn(["config", "validate", "--json"])
      assert.strictEqual(code, 0)
      const found = JSON.parse(output)
      assert.deepInclude(found, { command: "config validate", valid: true, problems: [] })
      assert.deepEqual(
        found.warnings.map(({ key }: { key: string }) => key),
        ["indexer.verify_tls"],
      )
    }),
  )

  it.effect("gives every problem as JSON, too, and still ends with 78", () =>
    Effect.gen(function* () {
      vi.stubEnv("WAYBILL_LOG__LEVEL", "loud")
      vi.stubEnv("WAYBILL_BATCH__MAX_EVENTS", "0")
      const { code, errors, output } = yield* runIn(["config", "validate", "--json"])
      assert.strictEqual(code, 78)
      const { problems, valid } = JSON.parse(output)
      assert.isFalse(valid)
      assert.sameMembers(
        problems.map(({ where }: { where: string }) => where),
        ["log.level", "batch.max_events"],
      )
      assert.include(errors, "2 problems")
    }),
  )
})

describe("waybill config schema", () => {
  it.effect("prints the document of the repository", () =>
    Effect.gen(function* () {
      assert.deepEqual(
        JSON.parse((yield* runIn(["config", "schema"])).output),
        JSON.parse(jsonSchemaDocument()),
      )
    }),
  )
})
