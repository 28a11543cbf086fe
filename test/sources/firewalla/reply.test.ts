import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parseBody, parseList, parsePage } from "../../../src/sources/firewalla/reply.ts"

const json = "application/json"
const bodies: Record<string, readonly [string, string | undefined, string]> = {
  "an object": ['{"a":[1]}', json, "ok"],
  "JSON called text": ['{"a":1}', "text/plain", "ok"],
  "JSON called nothing": ["[]", undefined, "ok"],
  "cut after a key": ['{"results":[{"ts":1', json, "Truncated"],
  "cut in a string": ['{"a":"b\\"', json, "Truncated"],
  "cut at the last brace": ['{"a":"}]}"', json, "Truncated"],
  empty: ["", json, "Truncated"],
  "broken in the middle": ['{"a":,}', json, "NotJson"],
  "HTML called HTML": ["<html></html>", "text/html", "NotJson"],
  "HTML called JSON": ["<html></html>", json, "NotJson"],
  text: ["Bad gateway", "text/plain", "NotJson"],
}

describe("parseBody", () => {
  for (const [name, [text, type, expected]] of Object.entries(bodies)) {
    it(`${name}: ${expected}`, () => {
      const body = parseBody(text, type)
      assert.strictEqual(Result.isSuccess(body) ? "ok" : body.failure._tag, expected)
    })
  }
})

describe("parsePage", () => {
  const ends: Record<string, unknown> = { null: null, '""': "", absent: undefined }
  for (const [name, next_cursor] of Object.entries(ends)) {
    it(`ends where next_cursor is ${name}`, () => {
      const page = parsePage({ count: 9, results: [1], next_cursor })
      assert.deepStrictEqual(page, Result.succeed({ results: [1], nextCursor: undefined }))
    })
  }

  it("goes on with a cursor, even a number", () => {
    assert.deepStrictEqual(
      Result.map(parsePage({ results: [], next_cursor: 0 }), (p) => p.nextCursor),
      Result.succeed("0"),
    )
    assert.deepStrictEqual(
      Result.map(parsePage({ results: [], next_cursor: "c" }), (p) => p.nextCursor),
      Result.succeed("c"),
    )
  })

  it("names what is wrong with any other shape", () => {
    const wrong = [null, [], "x", {}, { results: null }, { results: {} }, { results: [], next_cursor: {} }]
    for (const body of wrong) {
      const page = parsePage(body)
      assert.strictEqual(Result.isFailure(page) ? page.failure._tag : "ok", "BadShape", JSON.stringify(body))
    }
    assert.isTrue(Result.isFailure(parseList({ results: [] })))
  })
})
