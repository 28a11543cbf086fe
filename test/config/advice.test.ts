/** Advice that names a setting names one that there is. */
import * as Fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { catalogue, nameInCatalogue } from "../../src/config/catalogue.ts"
import { LOG_EVENTS } from "../../src/telemetry/log.ts"

const SOURCE = new URL("../../src/", import.meta.url)
const roots = [...new Set(catalogue.map(({ name }) => name.split(".")[0]))].join("|")
const NAME = new RegExp(`(?<![\\w./-])(?:${roots})(?:\\.(?:[a-z_]+|<name>|\\*))+(?![\\w(/-])`, "g")
/** What else has such a name in a text. */
const OTHERS: ReadonlySet<string> = new Set([...LOG_EVENTS, "receipts.db", "status.html"])

/** Words in quotes, without what is put in between, and without what is code there. */
const texts = (code: string) =>
  Array.from(
    code.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g),
    ([text]) => text.replaceAll(/\$\{[^}]*\}/g, "…"),
  )

const named = Fs.readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.startsWith("demo/"))
  .flatMap((file) =>
    texts(Fs.readFileSync(new URL(file, SOURCE), "utf8")).flatMap((text) =>
      Array.from(text.matchAll(NAME), ([name]) => ({ file, name: name.replace(/\.\*$/, "") })),
    ),
  )
  .filter(({ name }) => !OTHERS.has(name))

describe("messages", () => {
  it("name many settings, so that this looks at something", () => {
    assert.isAbove(named.length, 100)
  })
  it("name no setting that is not there", () => {
    assert.deepStrictEqual(
      named.filter(({ name }) => nameInCatalogue(name) === undefined),
      [],
    )
  })
})
