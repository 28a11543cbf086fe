import { assert, describe, it } from "@effect/vitest"
import { type Meaning, meaningOf } from "../../../src/writers/api/reply.ts"
import { usableMillis } from "../../../src/writers/api/Session.ts"

const MESSAGES = ["waybill: a", "waybill: b", "waybill: c"]
const failedItems = (...items: ReadonlyArray<readonly [code: number, ...ids: ReadonlyArray<string>]>) =>
  JSON.stringify({
    data: { failed_items: items.map(([code, ...id]) => ({ error: { code, message: "m" }, id })) },
    error: items.length === 0 ? 0 : 2,
  })
const problem = (error?: number) => JSON.stringify({ title: "t", detail: "d", error })

describe("an answer of the manager's API", () => {
  const cases: ReadonlyArray<[string, number, string, Meaning["_tag"], string | undefined]> = [
    ["200 without failed items", 200, failedItems(), "Taken", undefined],
    ["200 that is no result", 200, "<html>", "Doubtful", "failed"],
    ["400", 400, problem(), "NotTaken", "failed"],
    ["401", 401, problem(), "TokenRefused", "forbidden"],
    ["403", 403, problem(4000), "NotTaken", "forbidden"],
    ["404", 404, problem(), "NotTaken", "failed"],
    ["413", 413, problem(), "TooManyBytes", "rejected"],
    ["429", 429, problem(6005), "TooManyRequests", "throttled"],
    ["429 of all requests", 429, problem(6001), "TooManyRequests", "throttled"],
    ["500 where analysisd's socket is away", 500, problem(1010), "NotTaken", "refused"],
    ["500 of anything else", 500, problem(1000), "Doubtful", "failed"],
    ["500 without a body", 500, "", "Doubtful", "failed"],
    ["502 of a proxy", 502, "<html>", "Doubtful", "failed"],
    ["503", 503, "", "NotTaken", "refused"],
  ]
  for (const [name, status, body, tag, reason] of cases) {
    it(`${name} is ${tag}`, () => {
      const meaning = meaningOf({ status, body }, MESSAGES)
      assert.strictEqual(meaning._tag, tag)
      assert.strictEqual(meaning.failed?.reason, reason)
    })
  }

  it("names failed items by their places; analysisd away goes before an item that is too large", () => {
    const body = failedItems([1012, "waybill: a"], [1014, "waybill: c"])
    const meaning = meaningOf({ status: 200, body }, MESSAGES)
    assert.deepInclude(meaning, { _tag: "Taken", left: [0, 2] })
    assert.strictEqual(meaning.failed?.reason, "refused")
    const alone = meaningOf({ status: 200, body: failedItems([1012, "waybill: b"]) }, MESSAGES)
    assert.deepInclude(alone, { _tag: "Taken", left: [1] })
    assert.strictEqual(alone.failed?.reason, "rejected")
  })
})

describe("a token", () => {
  const token = (claims: object) => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`
  const cases: ReadonlyArray<[string, string, number]> = [
    ["of 900 s is used for 840", token({ nbf: 1000, exp: 1900 }), 840_000],
    ["of a short life for half of it", token({ nbf: 1000, exp: 1060 }), 30_000],
    ["that does not say when it began for the default", token({ exp: 1900 }), 840_000],
    ["that can't be read for the default", "x", 840_000],
  ]
  for (const [name, text, millis] of cases) {
    it(name, () => assert.strictEqual(usableMillis(text), millis))
  }
})
