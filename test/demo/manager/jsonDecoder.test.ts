import { assert, describe, it } from "@effect/vitest"
import { decodeJson, MAX_FIELDS } from "../../../src/demo/manager/jsonDecoder.ts"

const rendered: ReadonlyArray<readonly [why: string, json: string, data: unknown]> = [
  ["numbers are strings", '{"a":443,"b":-7,"c":0}', { a: "443", b: "-7", c: "0" }],
  ["the ends of int32 stay whole", '{"a":2147483647,"b":-2147483648}', { a: "2147483647", b: "-2147483648" }],
  ["beyond int32: %f", '{"a":3000000000,"b":5000000000}', { a: "3000000000.000000", b: "5000000000.000000" }],
  ["epoch milliseconds too", '{"a":1778413842883}', { a: "1778413842883.000000" }],
  ["huge numbers have no exponent", '{"a":1e22}', { a: "10000000000000000000000.000000" }],
  ["fractions: %f", '{"a":12.62,"b":0.1}', { a: "12.620000", b: "0.100000" }],
  ["booleans are strings", '{"a":true,"b":false}', { a: "true", b: "false" }],
  ["null is a string", '{"a":null}', { a: "null" }],
  ["empty strings and objects vanish", '{"a":"","b":{},"c":{"d":""},"e":"x"}', { e: "x" }],
  ["arrays stay", '{"a":[1,"b",null]}', { a: [1, "b", null] }],
  ["a string that looks like an array becomes one", '{"a":"[1,2]"}', { a: [1, 2] }],
  ["unless it is none", '{"a":"[draft] text"}', { a: "[draft] text" }],
  ["dotted keys nest", '{"a.b":"x","a":{"c":"y"}}', { a: { b: "x", c: "y" } }],
  ["the second of two keys that differ in case is dropped", '{"Key":"1","key":"2"}', { Key: "1" }],
  ["a proper surrogate pair is text", '{"a":"\\ud83d\\ude00"}', { a: "😀" }],
]

const refused: ReadonlyArray<readonly [why: string, json: string]> = [
  ["leading space", ' {"a":1}'],
  ["pretty-printed", '{\n  "a": 1\n}'],
  ["empty object", "{}"],
  ["an array at the top", "[1]"],
  ["NaN", '{"a":NaN}'],
  ["a lone surrogate escape", '{"a":"\\ud800"}'],
  ["cut short", '{"a":"b'],
]

describe("the decoder renders as the real analysisd does", () => {
  for (const [why, json, data] of rendered) {
    it(why, () => assert.deepStrictEqual(decodeJson(json), data))
  }
  for (const [why, json] of refused) {
    it(`nothing is decoded: ${why}`, () => assert.isUndefined(decodeJson(json)))
  }
  it("takes names that mean something to JavaScript for names, and changes no other object", () => {
    const data = decodeJson(
      '{"__proto__":{"polluted":"a"},"constructor":{"prototype":"b"},"x.__proto__.y":"c"}',
    )
    assert.strictEqual(
      JSON.stringify(data),
      '{"__proto__":{"polluted":"a"},"constructor":{"prototype":"b"},"x":{"__proto__":{"y":"c"}}}',
    )
    assert.isUndefined(Reflect.get({}, "polluted"))
    assert.isUndefined(Reflect.get({}, "y"))
  })
  it("keeps 256 fields and drops the rest", () => {
    const fields = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, "x"]))
    const data = decodeJson(JSON.stringify(fields)) ?? {}
    assert.strictEqual(Object.keys(data).length, MAX_FIELDS)
    assert.property(data, "f255")
    assert.notProperty(data, "f256")
  })
})
