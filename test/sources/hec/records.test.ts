import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parseExactly, readRecord, readTime } from "../../../src/sources/hec/records.ts"
import * as Replies from "../../../src/sources/hec/replies.ts"

describe("readTime", () => {
  const CASES: ReadonlyArray<readonly [unknown, number | undefined]> = [
    [1_433_188_255, 1_433_188_255_000],
    [1_433_188_255.253, 1_433_188_255_253],
    ["1433188255.253", 1_433_188_255_253],
    [" 1433188255 ", 1_433_188_255_000],
    [1_433_188_255_253, 1_433_188_255_253],
    [0, 0],
    [-1, undefined],
    ["yesterday", undefined],
    ["1e9", undefined],
    [true, undefined],
    [{}, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [1e300, undefined],
  ]
  for (const [value, expected] of CASES)
    it(`${JSON.stringify(value)} is ${expected}`, () => assert.strictEqual(readTime(value), expected))
})

describe("readRecord", () => {
  const refusals: ReadonlyArray<readonly [string, unknown, Replies.Reply]> = [
    ["a list", [], Replies.invalidDataFormat],
    ["no event", { time: 1 }, Replies.eventFieldIsRequired],
    ["an event that is null", { event: null }, Replies.eventFieldIsRequired],
    ["an empty event", { event: "" }, Replies.eventFieldCannotBeBlank],
    ["a blank event", { event: " \n" }, Replies.eventFieldCannotBeBlank],
    ["a time that is none", { event: "x", time: "soon" }, Replies.invalidDataFormat],
    ["a host that is an object", { event: "x", host: {} }, Replies.invalidDataFormat],
    ["fields that nest", { event: "x", fields: { a: { b: 1 } } }, Replies.errorInIndexedFields],
    ["fields that are a list", { event: "x", fields: [] }, Replies.errorInIndexedFields],
    ["half an envelope", { id: "x", received_at: "y" }, Replies.eventFieldIsRequired],
  ]
  for (const [name, value, reply] of refusals)
    it(`refuses ${name}`, () => assert.deepStrictEqual(readRecord(value), Result.fail(reply)))

  it("takes an event with all that may stand beside it, and numbers as names", () => {
    const fields = { a: "1", b: [1, true], c: null }
    assert.deepStrictEqual(
      readRecord({ event: 0, time: "1.5", host: 17, source: "s", sourcetype: "t", index: "i", fields }),
      Result.succeed({
        _tag: "Event",
        event: 0,
        time: 1500,
        metadata: { host: "17", source: "s", sourcetype: "t", index: "i" },
        fields,
      }),
    )
  })
})

describe("parseExactly", () => {
  it("keeps whole numbers that no number can hold, and reads the others as they are", () => {
    assert.deepStrictEqual(parseExactly('{"a":12345678901234567890,"b":[9007199254740993,1.5,7],"c":"1"}'), {
      a: "12345678901234567890",
      b: ["9007199254740993", 1.5, 7],
      c: "1",
    })
  })
})
