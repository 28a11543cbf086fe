import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import type { Envelope } from "../../../src/domain/Envelope.ts"
import { MAX_JSON_BYTES, MAX_LEAVES } from "../../../src/normalizers/carriable.ts"
import { normalizeEvent } from "../../../src/normalizers/hec/event.ts"
import { hecFamily } from "../../../src/normalizers/hec/family.ts"
import { flatten } from "../../../src/normalizers/hec/flat.ts"
import { make } from "../../../src/normalizers/Registry.ts"

const envelopeOf = (payload: unknown, changes: Partial<Envelope> = {}): Envelope => ({
  id: "a036644bcae3a5b8-7",
  source: "hec",
  source_type: "cisco:ASA",
  format: typeof payload === "string" ? "raw" : "json",
  payload,
  attributes: { token: "main", host: "fw01", time: "2026-02-22T19:13:04.123Z" },
  received_at: "2026-02-22T19:13:05.000Z",
  ...changes,
})

const normalized = (envelope: Envelope) => {
  const event = Result.getOrThrow(normalizeEvent(envelope))
  return { ...event, json: JSON.parse(event.json) }
}

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
    : 0
const leavesOf = (value: unknown): ReadonlyArray<unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.values(value).flatMap(leavesOf)
    : [value]

describe("a pushed event", () => {
  it("has its fields under its sourcetype, side by side, and all as texts", () => {
    const { json, timeMillis, type } = normalized(
      envelopeOf({
        a: 1,
        b: { c: true, d: [1, "x", null], "e.f": 0.1 },
        empty: {},
        none: null,
        list: [{ x: 1 }],
      }),
    )
    assert.strictEqual(type, "event")
    assert.strictEqual(timeMillis, Date.parse("2026-02-22T19:13:04.123Z"))
    assert.deepStrictEqual(json, {
      source: "hec",
      event_type: "event",
      event_id: "a036644bcae3a5b8-7",
      event_time: "2026-02-22T19:13:04.123Z",
      hec: {
        token: "main",
        sourcetype: "cisco:ASA",
        host: "fw01",
        event: { cisco_asa: { a: "1", b_c: "true", b_d: ["1", "x"], b_e_f: "0.1", list: ' [{"x":1}]' } },
      },
    })
  })

  it("is text under message where it is text, or no object", () => {
    assert.strictEqual(
      normalized(envelopeOf("line \ud800 \0 end")).json.hec.message,
      "line \ufffd \ufffd end",
    )
    assert.strictEqual(normalized(envelopeOf([1, "a"])).json.hec.message, ' [1,"a"]')
    assert.strictEqual(normalized(envelopeOf(0)).json.hec.message, "0")
    assert.strictEqual(normalized(envelopeOf(false)).json.hec.message, "false")
  })

  it("happened no later than it came, whatever the sender's clock says", () => {
    const attributes = { token: "main", time: "2030-01-01T00:00:00.000Z" }
    const { json, timeMillis } = normalized(envelopeOf("x", { attributes }))
    assert.strictEqual(timeMillis, Date.parse("2026-02-22T19:13:05.000Z"))
    assert.strictEqual(json.hec.time_ahead, "2030-01-01T00:00:00.000Z")
    assert.strictEqual(
      normalized(envelopeOf("x", { attributes: {} })).json.event_time,
      "2026-02-22T19:13:05.000Z",
    )
  })

  it("has indexed fields beside it", () => {
    const attributes = { token: "main", fields: '{"severity":"high","tags":["a","b"],"n":1}' }
    assert.deepStrictEqual(normalized(envelopeOf("x", { attributes })).json.hec.fields, {
      severity: "high",
      tags: ["a", "b"],
      n: "1",
    })
  })

  it("loses nothing where two names are one to Wazuh, or there are more than it keeps", () => {
    const { json } = normalized(envelopeOf({ Name: "first", name: "second", "na.me": "x", na_me: "y" }))
    assert.deepStrictEqual(json.hec.event.cisco_asa, { Name: "first", na_me: "x" })
    assert.deepStrictEqual(JSON.parse(json.hec.extra), { name: "second", na_me: "y" })
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`k${n}`, n]))
    const event = normalized(envelopeOf(many)).json
    assert.strictEqual(Object.keys(event.hec.event.cisco_asa).length, 180)
    assert.include(event.hec.extra, '"k599":599')
    assert.isAtMost(leavesOf(event).length, MAX_LEAVES)
  })

  it("leaves out none of 400 fields that fit into a message", () => {
    const value = (n: number) => `${n}:`.padEnd(90, "v")
    const many = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`field_${n}`, value(n)]))
    const { json, bytes } = normalized(envelopeOf(many))
    const rest = Object.assign({}, ...json.hec.extra.map((one: string) => JSON.parse(one)))
    assert.deepStrictEqual({ ...json.hec.event.cisco_asa, ...rest }, many)
    assert.isAtMost(bytes, MAX_JSON_BYTES)
  })

  it("says how much it leaves out of what does not fit, and where", () => {
    const many = Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`field_${n}`, "v".repeat(90)]))
    const { extra } = normalized(envelopeOf(many)).json.hec
    const [, missing] = /^… \[cut by waybill: (\d+) items\]$/.exec(extra.at(-1)) ?? []
    assert.strictEqual(180 + extra.length - 1 + Number(missing), 900)
  })

  it("keeps a name that is too long for a field whole", () => {
    const long = { [`${"n".repeat(250)}1`]: "a", [`${"n".repeat(250)}2`]: "b" }
    assert.deepStrictEqual(JSON.parse(normalized(envelopeOf(long)).json.hec.extra), long)
  })

  it("takes names that mean something to JavaScript for names", () => {
    const text = '{"__proto__":"a","constructor":"b","toString":{"hasOwnProperty":"c"},"b":1}'
    const attributes = { token: "main", fields: '{"__proto__":"d","valueOf":"e"}' }
    const { event, fields } = normalized(
      envelopeOf(JSON.parse(text), { attributes, source_type: "__proto__" }),
    ).json.hec
    assert.deepStrictEqual(
      Object.entries(Object.getOwnPropertyDescriptor(event, "__proto__")?.value).toSorted(),
      [
        ["__proto__", "a"],
        ["b", "1"],
        ["constructor", "b"],
        ["toString_hasOwnProperty", "c"],
      ],
    )
    assert.deepStrictEqual(Object.entries(fields), [
      ["__proto__", "d"],
      ["valueOf", "e"],
    ])
  })

  it.prop(
    "can be carried whatever it says: no path is ever an object here and a text there",
    [Schema.Record(Schema.String, Schema.Json), Schema.String, Schema.Record(Schema.String, Schema.String)],
    ([payload, sourceType, fields]) => {
      const envelope = envelopeOf(payload, {
        source_type: sourceType,
        attributes: { token: "main", fields: JSON.stringify(fields) },
      })
      const event = normalizeEvent(envelope)
      if (Result.isFailure(event)) return assert.fail(event.failure.message)
      assert.isAtMost(event.success.bytes, MAX_JSON_BYTES)
      const { hec } = JSON.parse(event.success.json)
      assert.isAtMost(depthOf(hec.event), 2)
      assert.isAtMost(depthOf(hec.fields), 1)
      for (const leaf of leavesOf(hec)) assert.isTrue([leaf].flat().every((one) => typeof one === "string"))
    },
    { arbitrary: { runs: 300 } },
  )

  it("does not depend on the order of its keys", () => {
    const one = flatten({ a: 1, b: { x: 1, y: 2 }, A: 3 }, 2)
    const other = flatten({ A: 3, b: { y: 2, x: 1 }, a: 1 }, 2)
    assert.deepStrictEqual(one, other)
  })
})

describe("the family of pushed events", () => {
  const normalize = make(
    [],
    [hecFamily((sender, type) => (sender === "main" ? type === "nginx" : undefined))],
  )
  const reason = (envelope: Envelope) =>
    Result.match(normalize(envelope), { onFailure: ({ message }) => message, onSuccess: () => "" })
  it("has no normalizer for a sourcetype that its sender may not send", () => {
    assert.strictEqual(
      reason(envelopeOf({}, { source_type: "cisco_asa" })),
      "no normalizer registered for format=json source_type=cisco_asa",
    )
    assert.strictEqual(reason(envelopeOf({ a: 1 }, { source_type: "nginx" })), "")
  })
  it("delivers what a sender had sent that is not configured any more", () => {
    assert.strictEqual(reason(envelopeOf({ a: 1 }, { attributes: { token: "gone" } })), "")
  })
})
