import * as Fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { METRICS } from "../../src/telemetry/metrics.ts"

const table = Fs.readFileSync(new URL("../../docs/telemetry.md", import.meta.url), "utf8")

/** `name | type | labels`, with the closed values of each label, as the table has it. */
const documented = Array.from(
  table.matchAll(/^\| `([a-z0-9_]+)` \| (counter|gauge|histogram) \| (.*?) \| /gm),
  ([, name, type, labels]) => `${name} | ${type} | ${labels}`,
)
const defined = Object.values(METRICS).map(({ labels, name, type }) => {
  const words = Object.entries<ReadonlyArray<string> | "text">(labels).map(([label, values]) =>
    values === "text" ? `\`${label}\`` : `\`${label}\` (${values.map((value) => `\`${value}\``).join(", ")})`,
  )
  return `${name} | ${type} | ${words.join("; ")}`
})

describe("the metrics of docs/telemetry.md", () => {
  it("are those that there are, with their types and labels", () => {
    assert.deepStrictEqual(documented, defined)
  })

  it("have names as Prometheus wants them", () => {
    for (const { name, type } of Object.values(METRICS)) {
      assert.match(name, /^(waybill|process|nodejs)_[a-z0-9_]+$/)
      assert.strictEqual(name.endsWith("_total"), type === "counter", name)
      assert.notMatch(name, /_(ms|milliseconds|mb|percent)\b/)
    }
    const names = Object.values(METRICS).map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
  })
})
