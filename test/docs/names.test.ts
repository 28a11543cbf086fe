/** Whatever a page names is there under that name: links, log events, metrics, settings, rules, addresses, files. */
import * as Path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { OpenApi } from "effect/http-api"
import { AdminApi } from "../../src/admin/api.ts"
import { keys, sections } from "../../src/config/catalogue.ts"
import { LOG_EVENTS } from "../../src/telemetry/log.ts"
import { METRICS } from "../../src/telemetry/metrics.ts"
import { exists, foldersIn, PAGES, type Page, textOf } from "./pages.ts"

const namesOf = (pages: ReadonlyArray<Page>, pattern: RegExp, of: (page: Page) => ReadonlyArray<string>) =>
  pages.flatMap((page) =>
    of(page).flatMap((text) => Array.from(text.matchAll(pattern), ([name]) => ({ name, page: page.path }))),
  )
const words = ({ blocks, spans }: Page) => [...blocks, ...spans]
const told = (found: ReadonlyArray<{ readonly name: string; readonly page: string }>) =>
  [...new Set(found.map(({ name, page }) => `${page}: ${name}`))].sort()

describe("links", () => {
  for (const { links, path } of PAGES) {
    it(`of ${path} lead somewhere`, () => {
      for (const link of links.filter((one) => !/^[a-z]+:/.test(one))) {
        const [file = "", anchor] = link.split("#")
        const target = file === "" ? path : Path.posix.join(Path.posix.dirname(path), file)
        assert.isTrue(exists(target), `${link}: there is no ${target}`)
        const page = PAGES.find((one) => one.path === target)
        if (anchor !== undefined && page !== undefined)
          assert.isTrue(page.anchors.has(anchor), `${link}: ${target} has no such heading`)
      }
    })
  }

  it("lead from the index to every page", () => {
    const { links = [] } = PAGES.find(({ path }) => path === "docs/README.md") ?? {}
    for (const { path } of PAGES)
      if (path.startsWith("docs/") && path !== "docs/README.md")
        assert.include(links.join(" "), Path.posix.basename(path))
  })
})

/** Fields of events that begin like a setting or a log event. */
const FIELDS =
  /^(?:data|waybill|hec|firewalla)\.(?:event|fields|event_id|event_time|time_ahead|source|batch|attempt|sent_at|request_method)\b/
/** What begins so and is not ours, or is made up for an example. */
const OF_OTHERS = new Set(["index.blocks", "index.blocks.read_only_allow_delete", "receipts.db", "spool.db"])

describe("log events and settings", () => {
  const events = new Set<string>(LOG_EVENTS)
  const settings = new Set([...keys, ...sections].map(({ name }) => name))
  const firsts = new Set([...events, ...settings].map((name) => name.split(".", 1)[0] ?? ""))
  /** `pacing.queue_share`: short for a key under a section that the sentence is about. */
  const isShort = (name: string) => [...settings].some((setting) => setting.endsWith(`.${name}`))

  it("that are named are there", () => {
    const named = PAGES.flatMap(({ path, spans }) =>
      spans
        .filter(
          (span) => /^[a-z]\w*(?:\.(?:\w+|<name>))+$/.test(span) && firsts.has(span.split(".", 1)[0] ?? ""),
        )
        .map((name) => ({ name, page: path })),
    )
    assert.isAbove(named.length, 200)
    const unknown = named.filter(
      ({ name }) =>
        !events.has(name) &&
        !settings.has(name) &&
        !isShort(name) &&
        !FIELDS.test(name) &&
        !OF_OTHERS.has(name) &&
        !/\.(?:ts|json|yaml|yml|env|md|xml|ndjson|log|txt|service)$/.test(name),
    )
    assert.deepStrictEqual(told(unknown), [])
  })

  it("that are variables set a key", () => {
    const variables = new Set(keys.map(({ variable }) => variable))
    const known = (name: string) =>
      variables.has(name) ||
      ["WAYBILL_CONFIG", "WAYBILL_"].includes(name) ||
      name.startsWith("WAYBILL_SOURCE__HEC__TOKENS__")
    const named = namesOf(PAGES, /\bWAYBILL_[A-Z_]*/g, words).filter(
      ({ page }) => page !== "docs/configuration.md",
    )
    assert.isNotEmpty(named)
    assert.deepStrictEqual(told(named.filter(({ name }) => !known(name))), [])
  })
})

describe("metrics and alerts", () => {
  it("that are named are there", () => {
    const metrics = new Set(Object.values(METRICS).map(({ name }) => name))
    /** Files, volumes, groups and fields that begin so. */
    const others = /^waybill_(?:status|data|canary|rules|threat_rules|admin_token|state|queue)$/
    const named = namesOf(PAGES, /\b(?:waybill|process|nodejs)_[a-z0-9_]+\b/g, words)
    // A part of a name, as in grep's pattern, is checked as such.
    const isKnown = (name: string) =>
      metrics.has(name.replace(/_(?:bucket|sum|count)$/, "")) || others.test(name)
    assert.deepStrictEqual(told(named.filter(({ name }) => !isKnown(name))), [])
  })

  it("that are explained are those of Prometheus' file, all of them", () => {
    const rules = textOf("config/prometheus-alerts.yml")
    const there = Array.from(rules.matchAll(/- alert: (\w+)/g), ([, name = ""]) => name)
    const named = namesOf(PAGES, /\bWaybill[A-Z]\w+/g, ({ spans }) => spans)
    assert.deepStrictEqual(told(named.filter(({ name }) => !there.includes(name))), [])
    const operations = textOf("docs/operations.md")
    for (const name of there) assert.include(operations, `\`${name}\``)
  })
})

describe("rules of Wazuh", () => {
  it("that are named are there", () => {
    const rules = textOf("wazuh/rules/waybill_rules.xml") + textOf("wazuh/rules/waybill_threat_rules.xml")
    const named = namesOf(PAGES, /\b100[1-6]\d\d\b(?!,)/g, ({ text }) => [text])
    assert.isNotEmpty(named)
    assert.deepStrictEqual(told(named.filter(({ name }) => !rules.includes(`id="${name}"`))), [])
  })
})

describe("addresses", () => {
  it("of the admin API and of the HEC are there", () => {
    const paths = Object.keys(OpenApi.fromApi(AdminApi).paths).map((path) =>
      path.replaceAll(/\{\w+\}/g, "{}"),
    )
    const hec = textOf("src/sources/hec/server.ts")
    const admin = namesOf(
      PAGES,
      /\/api\/v1\/[\w/{}<>-]*|\/(?:healthz|readyz|metrics|openapi\.json|docs)\b(?![/.])/g,
      words,
    )
    const has = (name: string) => {
      const path = name.replace(/\/$/, "").replaceAll(/\{\w+\}|<\w+>|evt-\d+/g, "{}")
      return paths.includes(path)
    }
    assert.isNotEmpty(admin)
    // Wazuh has addresses of its own, as has the path of a file.
    assert.deepStrictEqual(told(admin.filter(({ name }) => !has(name))), [])
    const pushed = namesOf(PAGES, /\/services\/collector[\w/.-]*/g, words)
    assert.deepStrictEqual(told(pushed.filter(({ name }) => !hec.includes(`"${name}"`))), [])
  })
})

describe("files", () => {
  it("of this project that are named are there", () => {
    const named = PAGES.flatMap(({ path, spans }) =>
      spans
        .filter((span) => /^(?:src|test|docs|config|wazuh|bench|\.ci)\/[\w./*-]+$/.test(span))
        // `config/wazuh_…` are folders of wazuh-docker, the other is a file of Wazuh's sources.
        .filter((span) => !/\*|^config\/wazuh_|^src\/error_messages\//.test(span))
        .map((name) => ({ name, page: path })),
    )
    assert.isAbove(named.length, 40)
    assert.deepStrictEqual(told(named.filter(({ name }) => !exists(name))), [])
  })

  it("architecture.md tells of every folder of src", () => {
    const { text = "" } = PAGES.find(({ path }) => path === "docs/architecture.md") ?? {}
    for (const folder of foldersIn("src")) assert.include(text, `\`src/${folder}\``)
  })
})
