import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { MAX_JSON_BYTES } from "../../src/normalizers/carriable.ts"
import { encode } from "../../src/normalizers/encode.ts"
import type { Fields } from "../../src/normalizers/Normalizer.ts"
import { problemsOf } from "./carried.ts"
import { envelopeOf } from "./envelopes.ts"

const encoded = (fields: Fields, id?: string) =>
  encode(envelopeOf("test", null, id), { source: "test", type: "flow", timeMillis: 0, fields })

/** The event, after a look at whether Wazuh carries it. */
const carried = (fields: Fields) => {
  const event = Result.getOrThrow(encoded(fields))
  assert.deepStrictEqual(problemsOf(event), [])
  return event
}

describe("encode", () => {
  it("begins with what an event is found by, and ends so that a block can be appended", () => {
    const { json, bytes } = carried({ mine: { a: "é" } })
    assert.strictEqual(
      json,
      '{"source":"test","event_type":"flow","event_id":"0123456789abcdef","event_time":"1970-01-01T00:00:00.000Z","mine":{"a":"é"}}',
    )
    assert.strictEqual(bytes, Buffer.byteLength(json))
  })

  it("cuts the longest texts first, and only as far as is needed", () => {
    const { json, bytes } = carried({
      mine: { a: "a".repeat(32_000), b: "b".repeat(31_000), c: "c".repeat(10_000), d: "d".repeat(1_000) },
    })
    const { mine } = JSON.parse(json)
    assert.match(mine.a, /^a+… \[cut by waybill: \d+ bytes\]$/)
    assert.deepStrictEqual([mine.b.length, mine.c.length, mine.d.length], [31_000, 10_000, 1_000])
    assert.isAtLeast(bytes, MAX_JSON_BYTES - 100)
  })

  it("carries a text of 60 kB whole, and of what is longer as much as there is room for", () => {
    const whole = carried({ mine: { a: "a".repeat(60_000) } })
    assert.strictEqual(JSON.parse(whole.json).mine.a.join(""), "a".repeat(60_000))
    const { json, bytes } = carried({ mine: { a: "a".repeat(80_000) } })
    const [, kept = "", cut, pieces] =
      /^(a+)… \[cut by waybill: (\d+) bytes\]… \[cut by waybill: (\d+) items\]$/.exec(
        JSON.parse(json).mine.a.join(""),
      ) ?? []
    assert.strictEqual(kept.length + Number(cut) + 80_000 - 2 * 32_766, 80_000)
    assert.strictEqual(pieces, "1")
    assert.isAtLeast(bytes, MAX_JSON_BYTES - 150)
  })

  it("counts a cut from the text as it came, though it was cut twice", () => {
    const { json } = carried({
      url: "a".repeat(50_000),
      mine: { b: "b".repeat(32_000), c: "c".repeat(32_000) },
    })
    const [, kept = "", cut] = /^(a+)… \[cut by waybill: (\d+) bytes\]$/.exec(JSON.parse(json).url) ?? []
    assert.strictEqual(kept.length + Number(cut), 50_000)
  })

  it("cuts as many texts as it takes", () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`f${n}`, "x".repeat(3_000)]))
    const { bytes } = carried({ mine: many })
    assert.isAtLeast(bytes, MAX_JSON_BYTES - 60 * 48)
  })

  it("makes room for what escaping adds", () => {
    carried({ mine: { a: '"'.repeat(30_000), b: "\u0001".repeat(30_000), c: "\\".repeat(30_000) } })
  })

  it("cuts a list of many short texts, and says how many are missing", () => {
    const { json } = carried({ mine: { a: Array.from({ length: 20_000 }, (_, n) => `item ${n}`) } })
    const { a } = JSON.parse(json).mine
    assert.strictEqual(a.at(-1), `… [cut by waybill: ${20_000 - (a.length - 1)} items]`)
    assert.strictEqual(a[0], "item 0")
  })

  it("refuses an event that is too long and has no long text", () => {
    const many = Object.fromEntries(Array.from({ length: 240 }, (_, n) => [`f${n}`, "x".repeat(1_000)]))
    const rejected = Result.getOrThrow(Result.flip(encoded({ mine: many })))
    assert.strictEqual(rejected.reason, "validation_failed")
    assert.match(rejected.message, /bytes over the 65023 .* no long text to cut/)
  })

  it.each([
    ["empty", ""],
    ["too long", "x".repeat(513)],
    ["an array", "[1]"],
    ["with NUL", "a\0b"],
    ["with a lone surrogate", "\ud800"],
  ])("refuses rather than mends an id that is %s", (_what, id) => {
    const rejected = Result.getOrThrow(Result.flip(encoded({ a: "x" }, id)))
    assert.strictEqual(rejected.reason, "validation_failed")
    assert.match(rejected.message, /event id/)
  })
})
