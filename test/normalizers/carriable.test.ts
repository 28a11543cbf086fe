import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { withAttempt } from "../../src/domain/Event.ts"
import {
  ATTEMPT_RESERVE_BYTES,
  isSound,
  MAX_LEAVES,
  mend,
  TEMPLATE_KEYWORDS,
  TEMPLATE_OBJECTS,
} from "../../src/normalizers/carriable.ts"
import type { Fields } from "../../src/normalizers/Normalizer.ts"

const TEMPLATE = new URL("../../../shared/data/wazuh/wazuh-template.json", import.meta.url)

const leaves = (count: number): Fields =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, "x"]))
const nested = (levels: number): Fields => (levels === 1 ? { a: "x" } : { a: nested(levels - 1) })

describe("mend", () => {
  const mended: ReadonlyArray<readonly [string, Fields, Fields]> = [
    ["a dotted key", { mine: { "a.b": "x" } }, { mine: { a_b: "x" } }],
    ["a key of nothing", { mine: { "": "x", k: "y" } }, { mine: { _: "x", k: "y" } }],
    ["a key of spaces", { mine: { " ": "x" } }, { mine: { _: "x" } }],
    ["empty texts, arrays and objects", { a: "x", b: "", c: [], d: {}, e: { f: "" } }, { a: "x" }],
    ["empty items", { a: ["", "x"] }, { a: ["x"] }],
    ["a text that is an array", { a: "[1]" }, { a: " [1]" }],
    ["a text that begins with one", { a: '[ "x"] y' }, { a: ' [ "x"] y' }],
    ["a text in brackets", { a: "[Guest] phone" }, { a: "[Guest] phone" }],
    ["NUL and lone surrogates", { "a\0": "\ud800" }, { "a\uFFFD": "\uFFFD" }],
  ]
  it.each(mended)("mends %s", (_what, fields, expected) => {
    assert.deepEqual(Result.getOrThrow(mend(fields)), expected)
  })

  it("carries a text that is longer than a term in pieces, divided between characters", () => {
    const text = "é🛰".repeat(8_000)
    const mended = Result.getOrThrow(mend({ mine: { a: text, b: ["x", text] } }))
    const { a, b } = JSON.parse(JSON.stringify(mended)).mine
    for (const piece of [...a, ...b]) {
      assert.isAtMost(Buffer.byteLength(piece), 32_766)
      assert.isTrue(piece.isWellFormed())
    }
    assert.deepStrictEqual([a.length, a.join(""), b.join("")], [2, text, `x${text}`])
  })

  it("cuts a text at the root to the longest term, on a character's border, with a mark that counts", () => {
    const text = String(Result.getOrThrow(mend({ a: "é🛰".repeat(20_000) })).a)
    assert.isAtMost(Buffer.byteLength(text), 32_766)
    assert.isTrue(text.isWellFormed())
    const [, kept = "", cut] = /^(.*)… \[cut by waybill: (\d+) bytes\]$/.exec(text) ?? []
    assert.strictEqual(Buffer.byteLength(kept) + Number(cut), 6 * 20_000)
  })

  const refused: ReadonlyArray<readonly [string, Fields, RegExp]> = [
    ["keys that differ in case", { mine: { User: "x", user: "y" } }, /mine\.user clashes/],
    ["keys that differ in dots", { "a.b": "x", a_b: "y" }, /a_b clashes/],
    ["too many fields", leaves(MAX_LEAVES + 1), /254 fields are more than the 253/],
    ["too deep nesting", nested(19), /nested deeper than 18/],
    ["an object under a keyword of the template", { url: { path: "x" } }, /root key url must be a text/],
    ["a list under a keyword of the template", { url: ["x"] }, /root key url must be a text/],
    [
      "a text under an object of the template",
      { OS: "linux" },
      /root key OS is an object of the index template/,
    ],
    ["a timestamp", { timestamp: "now" }, /root key timestamp is reserved/],
    ["a waybill block", { waybill: { batch: "x" } }, /root key waybill is reserved/],
    ["nothing at all", { a: "" }, /no fields/],
  ]
  it.each(refused)("refuses %s", (_what, fields, message) => {
    assert.isFalse(isSound(fields))
    const rejected = Result.getOrThrow(Result.flip(mend(fields)))
    assert.strictEqual(rejected.reason, "validation_failed")
    assert.match(rejected.message, message)
  })

  it("takes what is just within the bounds as it is", () => {
    for (const fields of [
      leaves(MAX_LEAVES),
      nested(18),
      { mine: { url: { path: "x" }, timestamp: "now" } },
    ]) {
      assert.isTrue(isSound(fields))
      assert.deepEqual(Result.getOrThrow(mend(fields)), fields)
    }
  })
})

describe("the constants", () => {
  it.skipIf(!existsSync(TEMPLATE))("know every root key of the index template", () => {
    const template = JSON.parse(readFileSync(TEMPLATE, "utf8"))
    const properties: Readonly<Record<string, { readonly type?: string }>> =
      template.mappings.properties.data.properties
    const keysOf = (type: string | undefined) =>
      Object.keys(properties)
        .filter((key) => properties[key]?.type === type)
        .map((key) => key.toLowerCase())
        .sort()
    assert.deepStrictEqual([...TEMPLATE_OBJECTS].sort(), keysOf(undefined))
    assert.deepStrictEqual([...TEMPLATE_KEYWORDS].sort(), keysOf("keyword"))
    assert.deepStrictEqual(keysOf("date"), ["timestamp"])
  })

  it("reserve enough for the block that the writer appends", () => {
    const envelope = {
      id: "x",
      source: "",
      source_type: "",
      format: "json",
      payload: null,
      attributes: {},
      received_at: "",
    } as const
    const event = { id: "x", type: "flow", timeMillis: 0, json: "{}", bytes: 2, envelope } as const
    const attempt = {
      batch: "b".repeat(128),
      attempt: Number.MAX_SAFE_INTEGER,
      sentAt: "2026-02-22T19:13:04.123Z",
    }
    assert.isAtMost(Buffer.byteLength(withAttempt(event, attempt)) - 2, ATTEMPT_RESERVE_BYTES)
  })
})
