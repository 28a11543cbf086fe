import { assert, describe, it } from "@effect/vitest"
import { alertOf } from "../../src/demo/manager/alert.ts"
import { decodeJson } from "../../src/demo/manager/jsonDecoder.ts"
import { type StatusEvent, statusJson } from "../../src/status/statusJson.ts"

const event = (changes: Partial<StatusEvent> = {}): StatusEvent => ({
  kind: "gap_found",
  message: "lost",
  fields: { feed: "firewalla-msp/flows", count: 7, nothing: undefined, empty: "" },
  at: Date.UTC(2026, 1, 22, 19, 13, 4),
  ...changes,
})
const decoded = (given: StatusEvent) =>
  decodeJson(statusJson(given, given.at + 60_000)) ?? assert.fail("the decoder finds nothing")

describe("statusJson", () => {
  it("is decoded into texts under keys of its own", () => {
    const { event_id, waybill, ...rest } = decoded(event())
    assert.deepStrictEqual(rest, {
      source: "waybill",
      event_type: "sidecar_status",
      event_time: "2026-02-22T19:13:04.000Z",
      waybill_status: { feed: "firewalla-msp/flows", count: "7", kind: "gap_found", message: "lost" },
    })
    assert.strictEqual(
      JSON.stringify(waybill),
      JSON.stringify({ batch: event_id, attempt: "1", sent_at: "2026-02-22T19:14:04.000Z" }),
    )
  })

  it("has another id each time", () => {
    assert.notStrictEqual(decoded(event()).event_id, decoded(event()).event_id)
  })

  it("lets no field take the place of its kind", () => {
    assert.include(decoded(event({ fields: { kind: "heartbeat" } })).waybill_status, { kind: "gap_found" })
  })

  for (const [what, message] of [
    ["a list in words", "[1, 2] are lost"],
    ["a list", '["a"]'],
    ["a lone surrogate and NUL", "\ud83d \0 end"],
    ["more than anybody reads", "x".repeat(100_000)],
    ["line breaks and quotes", 'two\nlines, "quoted"'],
  ] as const)
    it(`carries a message with ${what}`, () => {
      const { waybill_status } = decoded(event({ message }))
      const carried =
        typeof waybill_status === "object" && "message" in waybill_status ? waybill_status.message : undefined
      if (typeof carried !== "string") return assert.fail("it is no text")
      // With the longest title of wazuh/rules around it, it must stay below 1,024.
      assert.isAtMost(Buffer.byteLength(carried), 950)
      assert.isNotEmpty(carried.trim())
    })

  it("becomes an alert", () => {
    const alert = alertOf(`1:waybill:waybill: ${statusJson(event(), 0)}`, event().at, 1)
    assert.include(alert, '"waybill_status"')
  })
})
