import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { FLOW } from "../../../src/normalizers/firewalla/registrations.ts"
import { problemsOf } from "../carried.ts"
import { envelopeOf, fieldsOf, normalize } from "../envelopes.ts"

const RECORDED = new URL("../../../../shared/data/firewalla/flows.json", import.meta.url)
const ts = 1_771_787_584.123

const ENDS = ["srcip", "srcport", "dstip", "dstport", "protocol", "srcuser", "dstuser", "url"]
const endsOf = (record: object) =>
  Object.fromEntries(Object.entries(fieldsOf(FLOW, { ts, ...record })).filter(([key]) => ENDS.includes(key)))

const device = { id: "mac:AA:BB:CC:DD:EE:FF", ip: "192.168.4.5", name: "NAS" }
const local = {
  id: "AA:BB:CC:DD:EE:FF",
  ip: "192.168.4.5",
  name: "NAS",
  portInfo: { port: 22, protocol: "tcp" },
}
const remote = { id: "example.com", ip: "2001:db8::1", name: "example.com", portInfo: { port: 50_123 } }

describe("normalizeFlow", () => {
  it.skipIf(!existsSync(RECORDED))("normalizes flows as the API sent them", () => {
    const page: { readonly results: ReadonlyArray<unknown> } = JSON.parse(readFileSync(RECORDED, "utf8"))
    const events = page.results.map((record) => Result.getOrThrow(normalize(envelopeOf(FLOW, record))))
    assert.deepStrictEqual(events.flatMap(problemsOf), [])
    assert.deepStrictEqual(JSON.parse(events[0]?.json ?? ""), {
      source: "firewalla-msp",
      event_type: "flow",
      event_id: "0123456789abcdef",
      event_time: "2024-05-05T00:00:00.000Z",
      srcport: "49152",
      dstport: "443",
      protocol: "tcp",
      srcuser: "iPhone",
      url: "example.com",
      firewalla: {
        gid: "G1",
        box: { id: "G1", name: "Office" },
        status: "ok",
        direction: "outbound",
        block: "false",
        category: "social",
        domain: "example.com",
        region: "US",
        download: "12345",
        upload: "678",
        total: "13023",
        network: { id: "main", name: "Main" },
        device: { id: "AA:BB:CC:DD:EE:FF", name: "iPhone" },
      },
    })
    assert.strictEqual(JSON.parse(events[1]?.json ?? "").dstuser, "iPhone")
  })

  const directions: ReadonlyArray<readonly [string, object, object]> = [
    [
      "outbound",
      { direction: "outbound", device, source: local, destination: remote, protocol: "TCP" },
      {
        srcip: "192.168.4.5",
        srcport: "22",
        dstip: "2001:db8::1",
        dstport: "50123",
        protocol: "tcp",
        srcuser: "NAS",
        url: "example.com",
      },
    ],
    [
      "inbound",
      { direction: "inbound", device, source: remote, destination: local },
      {
        srcip: "2001:db8::1",
        srcport: "50123",
        dstip: "192.168.4.5",
        dstport: "22",
        protocol: "tcp",
        dstuser: "NAS",
        url: "example.com",
      },
    ],
    [
      "inbound without ends",
      { direction: "inbound", device, sport: 50_123, dport: "22", domain: "example.com" },
      { srcport: "50123", dstip: "192.168.4.5", dstport: "22", dstuser: "NAS", url: "example.com" },
    ],
    ["outbound without ends", { direction: "outbound", device }, { srcip: "192.168.4.5", srcuser: "NAS" }],
    [
      "local, seen by the source",
      { direction: "local", device, source: local, destination: { ip: "192.168.4.9", name: "TV.lan" } },
      {
        srcip: "192.168.4.5",
        srcport: "22",
        dstip: "192.168.4.9",
        protocol: "tcp",
        srcuser: "NAS",
        dstuser: "TV.lan",
      },
    ],
    [
      "local, seen by the destination",
      { direction: "local", device, source: { ip: "192.168.4.9", name: "TV" }, destination: local },
      {
        srcip: "192.168.4.9",
        dstip: "192.168.4.5",
        dstport: "22",
        protocol: "tcp",
        srcuser: "TV",
        dstuser: "NAS",
      },
    ],
    ["local without ends", { direction: "local", device }, { srcip: "192.168.4.5", srcuser: "NAS" }],
    ["without a direction", { device }, { srcip: "192.168.4.5", srcuser: "NAS" }],
    [
      "an address that is none",
      {
        direction: "outbound",
        device: { ip: "unknown" },
        destination: { ip: "example.com", id: "203.0.113.7" },
      },
      {},
    ],
  ]
  it.each(directions)("tells source and destination of a flow: %s", (_what, record, expected) => {
    assert.deepStrictEqual(endsOf(record), expected)
  })

  const blocks: ReadonlyArray<readonly [string, object, unknown]> = [
    ["true", { block: true }, "true"],
    ["false", { block: false }, "false"],
    ["1", { block: 1 }, "true"],
    ["by its status", { status: "blocked" }, "true"],
    ["not, by its status", { status: "ok" }, "false"],
    ["unknown", { direction: "local" }, undefined],
  ]
  it.each(blocks)("says whether it was blocked: %s", (_what, record, expected) => {
    assert.propertyVal(
      { block: undefined, ...Object(fieldsOf(FLOW, { ts, ...record }).firewalla) },
      "block",
      expected,
    )
  })

  it("adds up what was transferred where the record doesn't", () => {
    const { firewalla } = fieldsOf(FLOW, { ts, download: "4000000000", upload: 1 })
    assert.deepStrictEqual(firewalla, { download: "4000000000", upload: "1", total: "4000000001" })
  })

  it("keeps every value of a record somewhere", () => {
    const named = (name: string) => ({ id: `${name}-id`, name: `${name}-name` })
    const portInfo = (n: number) => ({ protocol: `p${n}`, port: n, name: `s${n}`, description: `d${n}` })
    const record = {
      ...{
        ts,
        gid: "g-1",
        protocol: "sctp",
        direction: "sideways",
        status: "odd",
        block: "maybe",
        blockType: "dns",
      },
      ...{
        blockedby: "rule-9",
        download: 101,
        upload: 102,
        total: 103,
        duration: 1.5,
        count: 104,
        sport: 105,
        dport: 106,
      },
      ...{ domain: "d.example", region: "R1", country: "C1", category: { id: "cat-id", name: "cat-name" } },
      ...{ box: named("box"), group: named("group"), network: named("network"), other: { deep: ["v1"] } },
      device: {
        ...named("dev"),
        ip: "10.0.0.1",
        macVendor: "mv",
        deviceType: "dt",
        port: [107, 108],
        mac_vendor: "mv2",
      },
      source: { ...named("src"), ip: "10.0.0.2", portInfo: portInfo(109) },
      destination: { ...named("dst"), ip: "10.0.0.3", portInfo: portInfo(110) },
    }
    const json = JSON.stringify(fieldsOf(FLOW, record))
    const values = (value: unknown): ReadonlyArray<string> =>
      typeof value === "object" && value !== null ? Object.values(value).flatMap(values) : [String(value)]
    const { ts: _when, ...kept } = record
    assert.deepStrictEqual(
      values(kept).filter((value) => !json.includes(value)),
      [],
    )
  })
})
