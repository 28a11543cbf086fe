import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import * as Replies from "../../../src/sources/hec/replies.ts"
import { allowing, authorizing, channelOf } from "../../../src/sources/hec/tokens.ts"
import { CHANNEL, senderOf } from "./collector.ts"

const senders = [senderOf("one"), senderOf("two")]
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`

describe("authorizing", () => {
  const CASES: ReadonlyArray<readonly [string | undefined, boolean, string | Replies.Reply]> = [
    ["Splunk token-of-one", false, "one"],
    ["splunk   token-of-two ", false, "two"],
    ["Telhawk token-of-two", false, "two"],
    [basic("anybody:token-of-one"), false, "one"],
    [basic(":token-of-one"), false, "one"],
    [undefined, false, Replies.tokenIsRequired],
    [" ", false, Replies.tokenIsRequired],
    [undefined, true, Replies.queryStringAuthorization],
    ["Splunk", false, Replies.invalidAuthorization],
    ["Bearer token-of-one", false, Replies.invalidAuthorization],
    ["token-of-one", false, Replies.invalidAuthorization],
    ["Basic !!!", false, Replies.invalidAuthorization],
    [basic("token-of-one:"), false, Replies.invalidAuthorization],
    ["Splunk token-of-on", false, Replies.invalidToken],
    ["Splunk token-of-one1", false, Replies.invalidToken],
    ["Splunk TOKEN-OF-ONE", false, Replies.invalidToken],
  ]
  const authorize = authorizing(() => senders)
  for (const [authorization, hasQueryToken, expected] of CASES)
    it(`${authorization} is ${typeof expected === "string" ? expected : expected.body.text}`, () => {
      const result = Result.map(authorize(authorization, hasQueryToken), ({ name }) => name)
      assert.deepStrictEqual<unknown>(
        result,
        typeof expected === "string" ? Result.succeed(expected) : Result.fail(expected),
      )
    })
})

describe("authorizing with tokens that change", () => {
  it("takes the new token and no longer the old one", () => {
    let now = [{ ...senderOf("one"), token: Redacted.make("old") }]
    const authorize = authorizing(() => now)
    assert.isTrue(Result.isSuccess(authorize("Splunk old", false)))
    now = [{ ...senderOf("one"), token: Redacted.make("new") }]
    assert.isTrue(Result.isSuccess(authorize("Splunk new", false)))
    assert.deepStrictEqual(authorize("Splunk old", false), Result.fail(Replies.invalidToken))
  })
})

describe("allowing", () => {
  it("means by * everything but what passes for the poller's", () => {
    const allows = allowing("*", "httpevent")
    assert.deepStrictEqual(["anything", "httpevent", "firewalla:alarm", "firewalla:flow"].map(allows), [
      true,
      true,
      false,
      false,
    ])
    assert.isTrue(allowing("*, firewalla:alarm", "x")("firewalla:alarm"))
  })
  it("allows what is listed, and what events are that name none", () => {
    const allows = allowing("nginx , cisco:asa", "own")
    assert.deepStrictEqual(["nginx", "cisco:asa", "own", "other", ""].map(allows), [
      true,
      true,
      true,
      false,
      false,
    ])
  })
})

describe("channelOf", () => {
  it("needs one where it is needed, and takes none that is no GUID", () => {
    assert.deepStrictEqual(channelOf(undefined, false), Result.succeed(undefined))
    assert.deepStrictEqual(channelOf("", true), Result.fail(Replies.dataChannelIsMissing))
    assert.deepStrictEqual(channelOf("../../etc", false), Result.fail(Replies.invalidDataChannel))
    assert.deepStrictEqual(channelOf(CHANNEL.toUpperCase(), true), Result.succeed(CHANNEL))
  })
})
