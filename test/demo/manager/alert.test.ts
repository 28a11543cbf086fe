import { assert, describe, it } from "@effect/vitest"
import { alertOf, alertTimestamp, parseMessage } from "../../../src/demo/manager/alert.ts"
import { MAX_PLACES, makeReordering } from "../../../src/demo/manager/reordering.ts"
import { seededRandom } from "../../../src/demo/seededRandom.ts"

describe("parseMessage", () => {
  it("unescapes the location and leaves the event alone", () => {
    assert.deepStrictEqual(parseMessage('1:a|:b||c:waybill: {"x":"1:2|3"}'), {
      location: "a:b|c",
      event: 'waybill: {"x":"1:2|3"}',
    })
  })
  it("takes nothing else", () => {
    assert.isUndefined(parseMessage("waybill: {}"))
    assert.isUndefined(parseMessage("1:no end of the location"))
  })
})

describe("alertOf", () => {
  const arrived = Date.UTC(2026, 1, 22, 19, 13, 4, 123)
  it("carries the time of arrival, not the event's, and a level that is indexed", () => {
    const line = alertOf(
      '1:waybill:waybill: {"event_type":"flow","event_id":"x","event_time":"2020-01-01"}',
      arrived,
      1,
    )
    const alert = JSON.parse(line ?? "{}")
    assert.strictEqual(alert.timestamp, "2026-02-22T19:13:04.123+0000")
    assert.strictEqual(alertTimestamp(arrived), alert.timestamp)
    assert.isAtLeast(alert.rule.level, 3)
    assert.strictEqual(alert.decoder.name, "waybill")
    assert.strictEqual(alert.data.event_id, "x")
  })
  it("makes no alert of what the decoder does not take", () => {
    assert.isUndefined(alertOf('1:waybill:{"event_id":"x"}', arrived, 1))
    assert.isUndefined(alertOf('1:waybill:waybill: {"event_id":"x', arrived, 1))
  })
})

describe("reordering", () => {
  it("swaps 2 to 12 % of neighbours, by at most 170 places, and loses none", () => {
    const count = 20_000
    const reordering = makeReordering<number>(0.06, seededRandom(7))
    const out: Array<number> = []
    for (let i = 0; i < count; i++) out.push(...reordering.push(i))
    out.push(...reordering.flush())
    assert.deepStrictEqual(
      out.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, i) => i),
    )
    assert.isAtMost(Math.max(...out.map((item, place) => Math.abs(item - place))), MAX_PLACES)
    const places: Array<number> = []
    for (const [place, item] of out.entries()) places[item] = place
    const swapped = places.filter((place, i) => place > (places[i + 1] ?? Infinity)).length
    assert.isAbove(swapped / count, 0.02)
    assert.isBelow(swapped / count, 0.12)
  })
})
