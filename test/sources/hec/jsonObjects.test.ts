import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { MAX_NESTING, splitObjects } from "../../../src/sources/hec/jsonObjects.ts"

const slices = (text: string) => {
  const split = splitObjects(text)
  return split._tag === "Objects" ? split.spans.map(({ start, end }) => text.slice(start, end)) : split
}

const CASES: ReadonlyArray<readonly [string, string, unknown]> = [
  ["nothing", "", []],
  ["space alone", " \r\n\t", []],
  ["one", '{"a":1}', ['{"a":1}']],
  ["two that touch", '{"a":1}{"b":2}', ['{"a":1}', '{"b":2}']],
  ["with space between", '{"a":1}\r\n\t {"b":2}\n', ['{"a":1}', '{"b":2}']],
  ["braces in texts", '{"a":"}{"}{"b":"{"}', ['{"a":"}{"}', '{"b":"{"}']],
  ["escaped quotes", '{"a":"\\"}"}{"b":"\\\\"}', ['{"a":"\\"}"}', '{"b":"\\\\"}']],
  ["lists inside", '{"a":[{"b":1},{"c":[]}]}', ['{"a":[{"b":1},{"c":[]}]}']],
  ["no end", '{"a":1}{"b":', { _tag: "Broken", after: 1 }],
  ["no end of a text", '{"a":"1}', { _tag: "Broken", after: 0 }],
  ["ends in an escape", '{"a":"\\', { _tag: "Broken", after: 0 }],
  ["a comma between", '{"a":1},{"b":2}', { _tag: "Broken", after: 1 }],
  ["no object", '"text"', { _tag: "Broken", after: 0 }],
  ["a list", '[{"a":1}]', { _tag: "Broken", after: 0 }],
]

describe("splitObjects", () => {
  for (const [name, text, expected] of CASES)
    it(name, () => assert.deepStrictEqual<unknown>(slices(text), expected))

  it("refuses what is nested too deep, without a stack of its own", () => {
    const nested = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`
    assert.strictEqual(splitObjects(nested(MAX_NESTING))._tag, "Objects")
    assert.strictEqual(splitObjects(nested(MAX_NESTING + 1))._tag, "Broken")
    assert.strictEqual(splitObjects(`{"a":${"[".repeat(1_000_000)}`)._tag, "Broken")
  })

  it.prop(
    "finds every object that JSON.stringify writes, whatever is in its texts",
    [Schema.Array(Schema.Record(Schema.String, Schema.Array(Schema.String)))],
    ([objects]) => {
      const texts = objects.map((one) => JSON.stringify(one))
      assert.deepStrictEqual(slices(texts.join("\n")), texts)
      assert.deepStrictEqual(slices(texts.join("")), texts)
    },
    { arbitrary: { runs: 200 } },
  )
})
