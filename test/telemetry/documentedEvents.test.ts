import * as Fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { LOG_EVENTS } from "../../src/telemetry/log.ts"

const root = new URL("../../", import.meta.url)
const table = Fs.readFileSync(new URL("docs/telemetry.md", root), "utf8")
const documented = new Map(
  Array.from(table.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \| ([a-z]+) \|/gm), ([, event, level]) => [
    event,
    level,
  ]),
)

/** Every call `Log.warning("some.event"` in src, with the level as it is written. */
const calls = Fs.readdirSync(new URL("src", root), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .flatMap((name) =>
    Array.from(
      Fs.readFileSync(new URL(`src/${name}`, root), "utf8").matchAll(
        /\b[lL]og\.(debug|info|warning|error)\(\s*"([a-z_]+\.[a-z_]+)"/g,
      ),
      ([, method, event]) => ({ name, event, level: method === "warning" ? "warn" : method }),
    ),
  )

describe("docs/telemetry.md", () => {
  it("explains every log event, and no other", () => {
    assert.deepStrictEqual([...documented.keys()].sort(), [...LOG_EVENTS].sort())
  })
  it("names the level each event is logged with", () => {
    const disagreeing = calls.filter(({ event, level }) => documented.get(event) !== level)
    assert.deepStrictEqual(disagreeing, [])
  })
})
