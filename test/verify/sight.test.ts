import { assert, describe, it } from "@effect/vitest"
import { feedCanaryJson } from "../../src/verify/feedCanary.ts"
import { judgeWholeLoss } from "../../src/verify/sight.ts"
import { eventOf } from "../pipeline/eventOf.ts"

const WRITE = { startedAt: 1000, writtenAt: 1200 }

describe("judgeWholeLoss", () => {
  for (const [what, event, canary, judged] of [
    ["nothing of the kind was ever seen", undefined, undefined, "hold"],
    ["it was seen before, and not since", 999, undefined, "hold"],
    ["a canary of the feed was written while the lost ones were", 999, 1199, "hold"],
    ["an event written with them was seen", 1000, undefined, "proven"],
    ["a canary written after them was seen, and events of the kind before", 999, 1200, "proven"],
    ["so were events of an earlier run", Number.NEGATIVE_INFINITY, 1200, "proven"],
    ["only a canary of the feed was ever seen", undefined, 1200, "scout"],
  ] as const)
    it(`${what}: ${judged}`, () => {
      assert.strictEqual(judgeWholeLoss({ event, canary }, WRITE), judged)
    })
})

describe("feedCanaryJson", () => {
  const attempt = { batch: "canary-b", attempt: 1, sentAt: "2026-02-22T19:13:04.123Z" }
  const waybill = { batch: "canary-b", attempt: "1", sent_at: attempt.sentAt, canary: "feed" }

  it("keeps what tells the feed, and neither the id, the time nor the content of the event", () => {
    const json = JSON.stringify({
      ...{
        source: "firewalla-msp",
        event_type: "alarm",
        event_id: "a-1",
        event_time: "2026-02-22T19:13:04.123Z",
      },
      firewalla: { gid: "g", alarm_type: "1", message: "secret", device: { ip: "192.0.2.1" } },
    })
    const { firewalla, ...rest } = JSON.parse(
      feedCanaryJson({ ...eventOf("a-1"), json }, "canary-b-0", attempt),
    )
    assert.deepStrictEqual(rest, {
      source: "firewalla-msp",
      event_type: "alarm",
      event_id: "canary-b-0",
      waybill,
    })
    assert.hasAllKeys(firewalla, ["gid", "message"])
    assert.include(firewalla.message, "canary")
  })

  it("of a pushed event, where it comes from", () => {
    const json = JSON.stringify({
      ...{ source: "hec", event_type: "event", event_id: "e-1" },
      hec: { token: "t", sourcetype: "syslog", host: "h", event: { a: "1" }, user: "u" },
    })
    const { hec } = JSON.parse(feedCanaryJson({ ...eventOf("e-1"), json }, "canary-b-0", attempt))
    assert.deepInclude(hec, { token: "t", sourcetype: "syslog", host: "h" })
    assert.hasAllKeys(hec, ["token", "sourcetype", "host", "message"])
  })
})
