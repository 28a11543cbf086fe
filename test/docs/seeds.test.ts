/**
 * What the documents say that Waybill was asked for by: every name of theirs is there, or `docs/architecture.md` says what
 * takes its place and why ("Names from before").
 */
import * as Fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import { OpenApi } from "effect/http-api"
import { AdminApi } from "../../src/admin/api.ts"
import { Health, LetterList } from "../../src/admin/shapes.ts"
import { keys } from "../../src/config/catalogue.ts"
import { DeadLetterFile, DeadLetterReason } from "../../src/dead-letters/DeadLetters.ts"
import { keyOfFile } from "../../src/dead-letters/keys.ts"
import { decide, defaultRetrySettings } from "../../src/retry/decide.ts"
import { authorizing } from "../../src/sources/hec/tokens.ts"
import { PAGES, ROOT, textOf } from "./pages.ts"

const settingOf = (name: string) => keys.find((key) => key.name === name)

/** As the document shows it, with the two that it only hints at filled in. */
const LETTER = {
  timestamp: "2024-11-04T01:02:03Z",
  envelope: {
    id: "evt-12345",
    source: "firewall",
    source_type: "cisco_asa",
    format: "json",
    payload: "...",
    attributes: { host: "fw01.example.com" },
    received_at: "2024-11-04T01:02:03Z",
  },
  error: "no normalizer registered for format=json source_type=cisco_asa",
  reason: "normalization_failed",
  attempts: 1,
  last_attempt: "2024-11-04T01:02:03Z",
}

describe("dead letters", () => {
  it("have the files, the fields and the reasons that are named", () => {
    assert.deepStrictEqual<unknown>(Schema.decodeUnknownSync(DeadLetterFile)(LETTER), LETTER)
    assert.isDefined(keyOfFile("failed_1699040123_0.json"))
    assert.includeMembers(
      [...DeadLetterReason.literals],
      ["normalization_failed", "storage_failed", "validation_failed"],
    )
  })

  it("have the settings and variables that are named", () => {
    assert.deepStrictEqual(
      [settingOf("dlq.enabled")?.setting.default, settingOf("dlq.enabled")?.wellKnown],
      [true, "INGEST_DLQ_ENABLED"],
    )
    assert.strictEqual(settingOf("dlq.base_path")?.wellKnown, "INGEST_DLQ_BASE_PATH")
  })

  it("are listed, purged and counted at the addresses and in the shapes that are named", () => {
    const { paths } = OpenApi.fromApi(AdminApi)
    assert.isDefined(paths["/api/v1/dlq"]?.get)
    assert.isDefined(paths["/api/v1/dlq/purge"]?.delete)
    assert.isDefined(paths["/healthz"]?.get)
    assert.isTrue(Schema.is(LetterList)({ events: [LETTER], count: 1 }))
    const health = {
      uptime_seconds: 3600,
      processed: 125000,
      failed: 23,
      stored: 124977,
      dlq_written: 23,
      dlq_stats: { enabled: true, written: 23, pending_files: 23, base_path: "/var/lib/telhawk/dlq" },
    }
    assert.isTrue(Schema.is(Health)({ ...health, feeds: [] }))
  })

  it("are sent again as `Authorization: Telhawk …` to /services/collector/event", () => {
    const sender = {
      name: "main",
      token: Redacted.make("a token"),
      sourceType: "any",
      allows: () => true,
      ack: "optional",
      mayReplay: false,
    } as const
    assert.isTrue(Result.isSuccess(authorizing(() => [sender])("Telhawk a token", false)))
    assert.include(textOf("src/sources/hec/server.ts"), '"/services/collector/event"')
  })
})

describe("retries", () => {
  it("have the settings and defaults that are named", () => {
    const defaults = { max_retries: 3, retry_delay_ms: 100, multiplier: 2, timeout_seconds: 10 }
    for (const [name, value] of Object.entries(defaults))
      assert.strictEqual(settingOf(`retry.${name}`)?.setting.default, value, name)
  })

  it("come after 100, 200 and 400 ms, and for nothing but 5xx, 429 and the network", () => {
    const decided = (status: number, attempt: number) =>
      decide({ _tag: "Status", status }, { attempt, nowMillis: 0, random: 0 }, defaultRetrySettings)
    const waits = [1, 2, 3, 4].map((attempt) => decided(503, attempt))
    assert.deepStrictEqual(waits, [
      { _tag: "RetryAfter", millis: 100 },
      { _tag: "RetryAfter", millis: 200 },
      { _tag: "RetryAfter", millis: 400 },
      { _tag: "GiveUp" },
    ])
    assert.strictEqual(decided(429, 1)._tag, "RetryAfter")
    for (const status of [400, 401, 403, 404]) assert.notStrictEqual(decided(status, 1)._tag, "RetryAfter")
  })
})

describe("the comparison with the index at the start", () => {
  it("has the variables, the files and the outcomes that are named", () => {
    const wellKnown = new Set(keys.map((key) => key.wellKnown))
    for (const name of ["INDEXER_URL", "INDEXER_USERNAME", "INDEXER_PASSWORD"])
      assert.isTrue(wellKnown.has(name))
    const defaults = {
      "indexer.url": "https://wazuh.indexer:9200",
      "indexer.index_pattern": "wazuh-alerts-4.x-*",
      "indexer.fields.source": "data.source",
      "indexer.fields.event_type": "data.event_type",
    }
    for (const [name, value] of Object.entries(defaults))
      assert.strictEqual(settingOf(name)?.setting.default, value)
    const sync = ["earlierPoller", "finding", "StartUp", "compare"]
      .map((name) => textOf(`src/sync/${name}.ts`))
      .join("\n")
    for (const name of [
      "last_alarm_ts.txt",
      "last_flow_ts.txt",
      "in-sync",
      "rewound from",
      // The cause is put in: `skipped (indexer unreachable)`.
      "skipped (",
      '"indexer unreachable"',
    ])
      assert.include(sync, name)
  })
})

/** What these documents name, and Waybill calls or does otherwise. */
const DIFFERENT = [
  "/var/lib/telhawk/dlq",
  "localhost:8088/api/v1/dlq",
  "jq -r",
  "0644",
  "max retries exceeded",
  "CORE_DLQ_ENABLED",
  "INGEST_OPENSEARCH_URL",
  "INGEST_CORE_TIMEOUT_SECONDS",
  "verify=False",
  "@timestamp",
  "OCSF",
]

describe("what is otherwise", () => {
  const architecture = PAGES.find(({ path }) => path === "docs/architecture.md")?.text ?? ""
  const [, section = ""] = /^## Names from before\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(architecture) ?? []
  it("is in docs/architecture.md with the reason", () => {
    for (const name of DIFFERENT) assert.include(section, `\`${name}\``)
  })

  const folder = `${ROOT}../shared/seeds`
  it.skipIf(!Fs.existsSync(folder))(
    "is all that there is: every setting and variable of theirs is known or told",
    () => {
      const documents = Fs.readdirSync(folder).map((name) => Fs.readFileSync(`${folder}/${name}`, "utf8"))
      const wellKnown = new Set(keys.flatMap((key) => key.wellKnown ?? []))
      const variables = documents.flatMap(
        (text) => text.match(/\b(?:INGEST|CORE|INDEXER|MSP)_[A-Z_]+\b/g) ?? [],
      )
      assert.isAbove(variables.length, 5)
      for (const name of variables)
        assert.isTrue(wellKnown.has(name) || section.includes(`\`${name}\``), name)
      const settings = documents.flatMap((text) =>
        Array.from(text.matchAll(/^ {2}(\w+_\w+): \S/gm), ([, name]) => name),
      )
      assert.includeMembers(settings, ["base_path", "max_retries"])
      for (const name of settings)
        assert.isTrue(
          keys.some((key) => key.path.at(-1) === name),
          name,
        )
    },
  )
})
