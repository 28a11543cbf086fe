import { assert, describe, it } from "@effect/vitest"
import { alarmId, flowId, twinId, unreadableId } from "../../../src/sources/firewalla/identity.ts"
import { flowAt } from "./feeds.ts"

const alarm = { gid: "G1", aid: 2408, ts: 1778413842.883, type: 2, status: 1, message: "uploaded 16.96 MB" }
const flow = flowAt(1714867200.5)

describe("alarmId", () => {
  const same: Record<string, unknown> = {
    "aid as text": { ...alarm, aid: "2408" },
    "archived since": { ...alarm, status: 2 },
    "other wording": { ...alarm, message: "uploaded 17 MB" },
    "type as text": { ...alarm, type: "2" },
    "gid in box": { ...alarm, gid: undefined, box: { id: "G1" } },
  }
  for (const [name, record] of Object.entries(same)) {
    it(`is the same: ${name}`, () => assert.strictEqual(alarmId(record), alarmId(alarm)))
  }

  const other: Record<string, unknown> = {
    "another aid": { ...alarm, aid: 2409 },
    "another box": { ...alarm, gid: "G2" },
    "gid and aid run together": { ...alarm, gid: "G12", aid: 408 },
  }
  for (const [name, record] of Object.entries(other)) {
    it(`is another: ${name}`, () => assert.notStrictEqual(alarmId(record), alarmId(alarm)))
  }

  it("is 32 hex characters, and stays what it is over releases", () => {
    assert.match(alarmId(alarm) ?? "", /^[0-9a-f]{32}$/)
    assert.strictEqual(alarmId(alarm), "9a69d422963023f6545a3e8c3fff10b4")
  })

  it("is none without box, number or time", () => {
    for (const key of ["gid", "aid", "ts"]) assert.isUndefined(alarmId({ ...alarm, [key]: undefined }), key)
    assert.isUndefined(alarmId("text"))
    assert.isUndefined(alarmId(null))
    assert.isUndefined(alarmId({ ...alarm, ts: "yesterday" }))
  })
})

describe("flowId", () => {
  const same: Record<string, unknown> = {
    "numbers as text": {
      ...flow,
      ts: "1714867200.5",
      download: "10",
      upload: "20.0",
      sport: "40000",
      count: "1",
    },
    "device id without mac:": { ...flow, device: { id: "AA:BB:CC:DD:EE:FF" } },
    "device id in lower case": { ...flow, device: { id: "mac:aa:bb:cc:dd:ee:ff" } },
    "device renamed": { ...flow, device: { ...flow.device, name: "Anna's phone" } },
    "category since": { ...flow, category: "social" },
    "domain resolved since": { ...flow, domain: "example.com" },
    "gid in box": { ...flow, gid: undefined, box: { id: "G" } },
    "block absent": { ...flow, block: undefined },
    "port in portInfo": {
      ...flow,
      dport: undefined,
      destination: { ip: "203.0.113.9", portInfo: { port: 443 } },
    },
  }
  for (const [name, record] of Object.entries(same)) {
    it(`is the same: ${name}`, () => assert.strictEqual(flowId(record), flowId(flow)))
  }

  const changed: Record<string, unknown> = {
    gid: "H",
    ts: 1714867200.6,
    protocol: "udp",
    direction: "inbound",
    block: true,
    source: { id: "AA:BB:CC:DD:EE:FF", ip: "192.168.1.3" },
    destination: { ip: "203.0.113.10" },
    sport: 40_001,
    dport: 80,
    device: { id: "ovpn:anna" },
    download: 11,
    upload: 21,
    duration: 1.6,
    count: 2,
  }
  for (const [key, value] of Object.entries(changed)) {
    it(`is another with another ${key}`, () =>
      assert.notStrictEqual(flowId({ ...flow, [key]: value }), flowId(flow)))
  }

  it("is told by the domain where the destination has no address", () => {
    const bare = { ...flow, destination: undefined }
    assert.notStrictEqual(flowId({ ...bare, domain: "a.example" }), flowId({ ...bare, domain: "b.example" }))
  })

  it("is there for a flow that has nothing but a time", () => {
    assert.match(flowId({ ts: 1 }) ?? "", /^[0-9a-f]{32}$/)
  })

  it("stays what it is over releases", () =>
    assert.strictEqual(flowId(flow), "5f1381e22920b00aeadc41d9ce28dacc"))
})

describe("the ids of records that cannot be told by their fields", () => {
  it("do not depend on the order of keys", () => {
    assert.strictEqual(
      unreadableId("flows", { a: 1, b: { c: [1, 2], d: null } }),
      unreadableId("flows", { b: { d: null, c: [1, 2] }, a: 1 }),
    )
    assert.notStrictEqual(unreadableId("flows", { a: [1, 2] }), unreadableId("flows", { a: [2, 1] }))
  })

  it("are there for anything JSON can hold, however deep", () => {
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level++) deep = [deep]
    const all = [null, 7, "text", true, [], {}, deep].map((record) => unreadableId("alarms", record))
    assert.strictEqual(new Set(all).size, all.length)
  })

  it("count twins from the first, which keeps its own id", () => {
    assert.strictEqual(twinId("flows", "x", 0), "x")
    assert.strictEqual(new Set([0, 1, 2].map((nth) => twinId("flows", "x", nth))).size, 3)
  })
})
