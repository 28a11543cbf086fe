import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { count, observe, set } from "../../src/telemetry/metric.ts"
import { METRICS } from "../../src/telemetry/metrics.ts"
import { prometheusText } from "../../src/telemetry/prometheusText.ts"
import { hasPromtool, promtool } from "./promtool.ts"
import { QUIET, world } from "./scraped.ts"

const pathOf = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const dashboard = Fs.readFileSync(pathOf("config/grafana-dashboard.json"), "utf8")
const alerts = Fs.readFileSync(pathOf("config/prometheus-alerts.yml"), "utf8")
const docs = Fs.readFileSync(pathOf("docs/telemetry.md"), "utf8")

const METRIC_NAME = /\b(?:waybill|process|nodejs)_[a-z0-9_]+\b/g
const listed = new Set<string>(
  Object.values(METRICS).flatMap(({ name, type }) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
)
const expressionsOf = (text: string): ReadonlyArray<string> => [
  ...Array.from(text.matchAll(/"expr": "(.*)"/g), ([, expression = ""]) => JSON.parse(`"${expression}"`)),
]

describe("dashboard and alert rules", () => {
  it("name no metric that is not in the list", () => {
    const named = [
      ...expressionsOf(dashboard).flatMap((expression) => expression.match(METRIC_NAME) ?? []),
      ...(alerts.replaceAll(/^\s*#.*$/gm, "").match(METRIC_NAME) ?? []),
    ]
    assert.isAbove(named.length, 40)
    assert.deepStrictEqual(
      named.filter((name) => !listed.has(name)),
      [],
    )
  })

  it("name no label, and no value of a label, that such a metric has not", () => {
    const metrics = Object.values(METRICS)
    const alertExpressions = Array.from(
      alerts.matchAll(/^ {8}expr: ((?:.|\n {10})*)/gm),
      ([, text = ""]) => text,
    )
    const wrong: Array<string> = []
    for (const expression of [...expressionsOf(dashboard), ...alertExpressions]) {
      const labels = new Set(["instance", "job"])
      for (const [, named = "", selector = ""] of expression.matchAll(
        /\b([a-z]+_[a-z0-9_]+)\b(?:\{(.*?)\})?/g,
      )) {
        const metric = metrics.find(({ name }) => named.startsWith(name))
        if (metric === undefined) continue
        const known: Readonly<Record<string, ReadonlyArray<string> | "text">> = metric.labels
        for (const label of [...Object.keys(known), "le"]) labels.add(label)
        for (const [, label = "", text = ""] of selector.matchAll(/(\w+)=~?"(.*?)"/g)) {
          const values = label === "instance" || label === "job" ? "text" : known[label]
          const isKnown = values === "text" || text.startsWith("$") || values?.includes(text) === true
          if (!isKnown) wrong.push(`${label}="${text}" in ${expression}`)
        }
      }
      for (const [, list = ""] of expression.matchAll(/\b(?:by|on|without|ignoring) ?\((.*?)\)/g))
        for (const label of list.split(/, */)) if (!labels.has(label)) wrong.push(`${label} in ${expression}`)
    }
    assert.isAbove(alertExpressions.length, 7)
    assert.deepStrictEqual(wrong, [])
  })

  it("show every metric of Waybill's own somewhere", () => {
    const shown = `${dashboard}\n${docs.slice(docs.indexOf("Some questions"))}`
    const own = Object.values(METRICS)
      .map(({ name }) => name)
      .filter((name) => name.startsWith("waybill_"))
    // Looked up in combination with others, or only where something is searched for.
    const elsewhere = [
      "waybill_feed_interval_seconds",
      "waybill_indexer_up",
      "waybill_batches_confirmed_total",
    ]
    assert.deepStrictEqual(
      own.filter((name) => !shown.includes(name) && !elsewhere.includes(name)),
      [],
    )
  })

  it("give the dashboard's panels places that do not overlap", () => {
    const { panels } = JSON.parse(dashboard)
    const taken = new Set<string>()
    for (const { gridPos, title } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.isFalse(taken.has(`${x},${y}`), title)
          taken.add(`${x},${y}`)
        }
  })
})

/** A scrape in which every metric has a value, and labels are at their most hostile. */
const fullText = Effect.gen(function* () {
  const feed = 'a "b" \\ c\nd'
  yield* observe(METRICS.indexLag, { feed }, 3)
  yield* count(METRICS.hecRequests, { code: feed })
  yield* count(METRICS.defects, { part: feed })
  yield* set(METRICS.canaryLag, {}, 3)
  yield* set(METRICS.hecSpoolEvents, {}, 1)
  yield* set(METRICS.hecSpoolBytes, {}, 1e9)
  yield* set(METRICS.checkpointAge, { feed }, 1e-7)
  yield* Effect.sleep("60 millis")
  return yield* prometheusText
}).pipe(Effect.provide(world({ ...QUIET, indexer: "available" }, 0.5)))

describe.runIf(hasPromtool)("promtool", () => {
  it.live("finds nothing to say about the metrics", () =>
    Effect.gen(function* () {
      const text = yield* fullText
      for (const { name } of Object.values(METRICS)) assert.include(text, `# TYPE ${name} `)
      assert.deepStrictEqual(promtool(["check", "metrics"], text), { missing: false, status: 0, said: "" })
      assert.notStrictEqual(promtool(["check", "metrics"], `${text}not a metric\n`).status, 0)
    }),
  )

  it("takes the alert rules, and each alert fires when it should and not otherwise", () => {
    const checked = promtool(["check", "rules", pathOf("config/prometheus-alerts.yml")])
    assert.strictEqual(checked.status, 0, checked.said)
    const tested = promtool(["test", "rules", pathOf("test/telemetry/alertRules.test.yml")])
    assert.strictEqual(tested.status, 0, tested.said)
  })
})
