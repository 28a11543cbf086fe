import { assert, describe, it } from "@effect/vitest"
import { explain, judgeBoxes, judgeRetention } from "../../src/check/msp.ts"
import type { SourceErrorReason } from "../../src/sources/Source.ts"

const HOST = "acme.firewalla.net"
const DAY = 86_400

describe("the portal", () => {
  const cases: ReadonlyArray<readonly [SourceErrorReason, "warn" | "fail", string]> = [
    [{ _tag: "Unreachable", detail: "ENOTFOUND" }, "fail", "source.firewalla.domain"],
    [{ _tag: "TimedOut", afterMillis: 10_000 }, "fail", "timeout_seconds"],
    [{ _tag: "RateLimited", retryAfterMillis: undefined }, "warn", "requests_per_minute"],
    [{ _tag: "Unauthorized", status: 401 }, "fail", "source.firewalla.token"],
    [{ _tag: "Unauthorized", status: 403 }, "fail", "access to the boxes"],
    [
      { _tag: "Refused", status: 302, detail: "redirect to login.example.com" },
      "fail",
      "not the API of an MSP portal",
    ],
    [{ _tag: "Refused", status: 404, detail: "" }, "fail", "not the API of an MSP portal"],
    [{ _tag: "Refused", status: 400, detail: "bad" }, "fail", "source.firewalla.box"],
    [{ _tag: "ServerError", status: 502, detail: "" }, "warn", "source.firewalla.box"],
    [{ _tag: "NotJson", contentType: "text/html" }, "fail", "login page"],
    [{ _tag: "BadShape", detail: "" }, "fail", "login page"],
    [{ _tag: "Truncated", detail: "" }, "warn", "proxies"],
    [{ _tag: "RepeatedCursor", page: 2 }, "warn", "proxies"],
  ]
  for (const [reason, status, advice] of cases)
    it(`${reason._tag} ${"status" in reason ? reason.status : ""}`, () => {
      const found = explain(HOST, reason)
      assert.strictEqual(found.status, status)
      assert.include(found.message, HOST)
      assert.include(found.advice, advice)
    })
})

describe("the boxes", () => {
  const boxes = [
    { gid: "a", online: true },
    { gid: "b", online: false },
  ]
  it("that the token may see are counted, with those that are offline", () => {
    assert.deepStrictEqual(judgeBoxes(HOST, boxes, {}), {
      status: "ok",
      message: `${HOST} takes the token: 2 boxes, 1 of them offline.`,
      advice: "",
    })
    assert.strictEqual(judgeBoxes(HOST, boxes, { box: "a" }).message, `${HOST} takes the token: 1 box.`)
  })
  it("that are wanted must be among them", () => {
    const wrong = judgeBoxes(HOST, boxes, { box: "c" })
    assert.strictEqual(wrong.status, "fail")
    assert.include(wrong.advice, "gid")
    assert.strictEqual(judgeBoxes(HOST, [], {}).status, "warn")
    assert.strictEqual(judgeBoxes(HOST, { error: "x" }, {}).status, "fail")
  })
})

describe("the retention", () => {
  const month = 30 * DAY
  for (const [title, flow, alarm, status, words] of [
    ["fits", month - DAY / 2, undefined, "ok", "is 29 days old"],
    ["is set too low", 100 * DAY, undefined, "warn", "Raise it to 100 days"],
    ["is set too high, as older alarms show", DAY, 20 * DAY, "warn", "probably 1 day"],
    ["can't be judged by a young account", 3 * DAY, 3.5 * DAY, "ok", "is 3 days old"],
    ["can't be judged without a flow", undefined, 20 * DAY, "warn", "source.firewalla.box"],
  ] as const)
    it(title, () => {
      const found = judgeRetention(month, flow, alarm)
      assert.strictEqual(found.status, status)
      assert.include(`${found.message} ${found.advice}`, words)
    })
})
