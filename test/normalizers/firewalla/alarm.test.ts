import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { ALARM } from "../../../src/normalizers/firewalla/registrations.ts"
import { problemsOf } from "../carried.ts"
import { envelopeOf, fieldsOf, normalize, rejectionOf } from "../envelopes.ts"

const RECORDED = new URL("../../../../shared/data/firewalla/alarm.json", import.meta.url)

const ts = 1_771_787_584.123
const firewallaOf = (record: object): unknown => fieldsOf(ALARM, { ts, ...record }).firewalla

describe("normalizeAlarm", () => {
  it.skipIf(!existsSync(RECORDED))("normalizes an alarm as the API sent it", () => {
    const record: unknown = JSON.parse(readFileSync(RECORDED, "utf8"))
    const event = Result.getOrThrow(normalize(envelopeOf(ALARM, record)))
    assert.deepStrictEqual(problemsOf(event), [])
    assert.strictEqual(event.timeMillis, 1_778_413_842_883)
    assert.deepStrictEqual(JSON.parse(event.json), {
      source: "firewalla-msp",
      event_type: "alarm",
      event_id: "0123456789abcdef",
      event_time: "2026-05-10T11:50:42.883Z",
      srcip: "192.168.4.123",
      srcport: "38850",
      dstip: "16.15.183.142",
      dstport: "443",
      protocol: "tcp",
      srcuser: "InPro Comm",
      url: "ifit-mobile.s3.us-east-1.amazonaws.com",
      firewalla: {
        gid: "a05c15cb-95a0-48b1-8dc9-15b9e06cc971",
        aid: "2408",
        alarm_type: "2",
        alarm_type_name: "Abnormal Upload",
        alarm_type_raw: "ALARM_LARGE_UPLOAD",
        status: "1",
        status_name: "active",
        message:
          "Device InPro Comm uploaded 16.96 MB data to ifit-mobile.s3.us-east-1.amazonaws.com at about 05:47 AM.",
        direction: "outbound",
        count: "1",
        active_time: "2026-05-10T11:47:44.120Z",
        cloud_action: "active",
        device: {
          id: "00:08:22:FC:BB:FB",
          ip: "192.168.4.123",
          name: "InPro Comm",
          mac_vendor: "InPro Comm",
          type: "desktop",
          network: { id: "a84d54ee-9ca3-4b5c-a142-224254456b3d", name: "LAN 1" },
          port: "38850",
          ports: ["38850", "38846"],
        },
        remote: {
          ip: "16.15.183.142",
          domain: "ifit-mobile.s3.us-east-1.amazonaws.com",
          root_domain: "amazonaws.com",
          region: "US",
          latitude: "39.0437",
          longitude: "-77.4875",
          port: "443",
          service: "https",
          service_description: "http protocol over TLS/SSL",
        },
        transfer: { upload: "16961533", download: "61950", total: "17023483", duration: "12.62" },
        extra: '{"analytics":{"note":"test"}}',
      },
    })
  })

  it("makes the remote the source of what comes in", () => {
    const { srcip, srcport, dstip, dstport, srcuser, dstuser } = fieldsOf(ALARM, {
      ts,
      direction: "inbound",
      device: { ip: "192.168.4.1", name: "NAS", port: [22] },
      remote: { ip: "203.0.113.9", port: "50123" },
    })
    assert.deepStrictEqual(
      { srcip, srcport, dstip, dstport, srcuser, dstuser },
      {
        srcip: "203.0.113.9",
        srcport: "50123",
        dstip: "192.168.4.1",
        dstport: "22",
        srcuser: undefined,
        dstuser: "NAS",
      },
    )
  })

  const spellings: ReadonlyArray<readonly [string, object, object | undefined]> = [
    [
      "numbers as keys",
      { aid: 7, type: 16 },
      { aid: "7", alarm_type: "16", alarm_type_name: "Large Upload" },
    ],
    [
      "texts as keys",
      { aid: "7", type: "16" },
      { aid: "7", alarm_type: "16", alarm_type_name: "Large Upload" },
    ],
    [
      "a type that nobody knows",
      { type: 99, _type: "ALARM_X" },
      { alarm_type: "99", alarm_type_raw: "ALARM_X" },
    ],
    ["an archived one", { status: "2" }, { status: "2", status_name: "archived" }],
    ["null and empty fields", { gid: null, message: "", device: {}, remote: { ip: null } }, undefined],
    [
      "a category in an object",
      { remote: { category: { name: "intel" } } },
      { remote: { category: "intel" } },
    ],
    ["a category as text", { remote: { category: "intel" } }, { remote: { category: "intel" } }],
    ["a group in an object", { group: { id: 1, name: "HQ" } }, { group: { id: "1", name: "HQ" } }],
    ["a group as text", { group: "HQ" }, { group: { name: "HQ" } }],
    [
      "a MAC with prefix",
      { device: { id: "mac:aa:bb:cc:dd:ee:ff" } },
      { device: { id: "AA:BB:CC:DD:EE:FF" } },
    ],
    ["a MAC without", { device: { id: "aa:bb:cc:dd:ee:ff" } }, { device: { id: "AA:BB:CC:DD:EE:FF" } }],
    ["a VPN device", { device: { id: "wg_peer:Ab+c=" } }, { device: { id: "wg_peer:Ab+c=" } }],
    ["one port", { device: { port: 443 } }, { device: { port: "443" } }],
    ["a port as text", { device: { port: "443" } }, { device: { port: "443" } }],
    ["ports", { device: { port: ["443", 80] } }, { device: { port: "443", ports: ["443", "80"] } }],
    [
      "a port of portInfo's own",
      { device: { port: [1], portInfo: { port: 2 } } },
      { device: { port: "1", ports: ["1", "2"] } },
    ],
    ["numbers beyond int32", { transfer: { upload: 5_000_000_000 } }, { transfer: { upload: "5000000000" } }],
    ["a tiny fraction", { transfer: { duration: 0.00001234 } }, { transfer: { duration: "0.000012" } }],
    ["a box by id", { box: { id: "G1", name: "Office" } }, { gid: "G1", box: { id: "G1", name: "Office" } }],
    ["a text like an array", { message: '["a"] b' }, { message: ' ["a"] b' }],
    ["a text in brackets", { message: "[Guest] phone" }, { message: "[Guest] phone" }],
    ["NUL and lone surrogates", { message: "a\0b\ud800" }, { message: "a\uFFFDb\uFFFD" }],
    ["the last port", { device: { port: 65_535 } }, { device: { port: "65535" } }],
    ["a port out of range", { device: { port: 65_536 } }, { extra: '{"device":{"port":65536}}' }],
    [
      "a size that is no number",
      { transfer: { upload: "16 MB" } },
      { extra: '{"transfer":{"upload":"16 MB"}}' },
    ],
    ["a device that is no object", { device: "NAS" }, { extra: '{"device":"NAS"}' }],
    [
      "unknown fields, sorted",
      { vpn: { b: 1, a: [null, "x"] } },
      { extra: '{"vpn":{"a":[null,"x"],"b":1}}' },
    ],
    ["an unknown field of a known one", { device: { model: "X" } }, { extra: '{"device":{"model":"X"}}' }],
  ]
  it.each(spellings)("reads %s", (_what, record, expected) => {
    assert.deepStrictEqual(firewallaOf(record), expected)
  })

  const refused: ReadonlyArray<readonly [string, unknown, RegExp]> = [
    ["no ts", {}, /Missing key at \["ts"\]/],
    ["ts null", { ts: null }, /seconds since 1970.* at \["ts"\]/],
    ["ts a word", { ts: "yesterday" }, /seconds since 1970.* at \["ts"\]/],
    ["ts in milliseconds", { ts: 1_771_787_584_123 }, /seconds since 1970.* at \["ts"\]/],
    ["ts before 1970", { ts: -1 }, /seconds since 1970.* at \["ts"\]/],
    ["an array", [{ ts }], /Expected object/],
    ["a text", "alarm", /Expected object/],
    ["null", null, /Expected object/],
  ]
  it.each(refused)("refuses %s, with path and expectation", (_what, payload, message) => {
    const rejected = rejectionOf(ALARM, payload)
    assert.strictEqual(rejected.reason, "normalization_failed")
    assert.match(rejected.message, message)
  })

  it("takes a numeric text for ts", () => {
    assert.strictEqual(fieldsOf(ALARM, { ts: "1771787584.1234" }).event_time, "2026-02-22T19:13:04.123Z")
  })

  it("carries what is unknown as far as a message has room, and says what is left out", () => {
    const whole = Result.getOrThrow(normalize(envelopeOf(ALARM, { ts, unknown: "x".repeat(60_000), b: 1 })))
    assert.deepStrictEqual(problemsOf(whole), [])
    assert.strictEqual(
      JSON.parse(whole.json).firewalla.extra.join(""),
      `{"b":1}{"unknown":"${"x".repeat(60_000)}"}`,
    )
    const event = Result.getOrThrow(normalize(envelopeOf(ALARM, { ts, unknown: "x".repeat(100_000) })))
    assert.deepStrictEqual(problemsOf(event), [])
    assert.match(event.json, /… \[cut by waybill: \d+ bytes\]","… \[cut by waybill: 2 items\]/)
    assert.isAtLeast(event.bytes, 64_500)
  })
})
