/** The index template's paths are those that events have, and none of them is searched by as something else. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { alarm, deviceChange, flow, status } from "../support/wazuh/samples.ts"
import { contentText } from "../support/wazuh/shipped.ts"

interface Field {
  readonly type?: string
  readonly ignore_malformed?: boolean
  readonly fields?: Readonly<Record<string, Field>>
  readonly properties?: Readonly<Record<string, Field>>
}

const Any = Schema.Record(Schema.String, Schema.Unknown)
const isObject = Schema.is(Any)

const template: { readonly order: number; readonly mappings: Field; readonly settings?: unknown } =
  JSON.parse(contentText("template/waybill-template.json"))

const fieldsOf = ({ properties = {} }: Field, path = ""): ReadonlyArray<readonly [string, Field]> =>
  Object.entries(properties).flatMap(([key, field]) =>
    field.properties === undefined ? [[`${path}${key}`, field] as const] : fieldsOf(field, `${path}${key}.`),
  )

const leavesOf = (value: unknown, path: string): ReadonlyArray<readonly [string, unknown]> =>
  isObject(value)
    ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, `${path}.${key}`))
    : [[path, value]]

const device = {
  id: "AA:BB:CC:DD:EE:01",
  name: "iPad",
  lastSeen: 1771787584,
  totalDownload: 1,
  totalUpload: 2,
}
const leaves = [
  flow({ device }),
  alarm(16, "big", {
    device,
    count: 2,
    activeTs: 1771787500,
    remote: { ip: "203.0.113.10", latitude: 1.5, longitude: 2 },
    transfer: { upload: 1, download: 2, total: 3, duration: 4.5 },
  }),
  deviceChange("device_changed", { device, previous: device }),
  status("heartbeat", "x", { uptime_seconds: 1, unconfirmed: 2, lag_ms: 3, dead_letters: 4, dropped: 5 }),
  status("dead_letters", "x", { new: 1, written: 2 }),
  status("recovered", "x", { seconds: 1, since: "2026-02-22T19:13:04.123Z" }),
  status("gap_found", "x", { from: "2026-02-22T19:13:04.123Z", to: "2026-02-22T20:13:04.123Z" }),
].flatMap((message) => leavesOf(JSON.parse(message.slice(message.indexOf("{"))), "data"))

const NUMBER = /^-?\d+(\.\d+)?$/
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

const fields = fieldsOf(template.mappings)

describe("the index template", () => {
  it("has the type of each value under its path, and no path that no event has", () => {
    for (const [path, { type }] of fields) {
      const values = leaves.flatMap(([at, value]) => (at === path ? [String(value)] : []))
      assert.isAbove(values.length, 0, path)
      for (const value of values)
        if (type === "long" || type === "double") assert.match(value, NUMBER, path)
        else if (type === "date") assert.match(value, TIME, path)
        else assert.strictEqual(type, "keyword", path)
    }
  })

  it("leaves no time out, nor a number under a key that is one elsewhere", () => {
    const typed = new Map(fields)
    const numbers = new Set(
      fields.flatMap(([path, { type }]) => (type === "keyword" ? [] : [path.split(".").at(-1)])),
    )
    for (const [path, value] of leaves)
      if (TIME.test(String(value)) || (numbers.has(path.split(".").at(-1)) && NUMBER.test(String(value))))
        assert.isTrue(typed.has(path), path)
  })

  it("never refuses an event, and touches nothing but our own paths and the order above the stock one", () => {
    for (const [path, field] of fields) {
      assert.match(path, /^data\.(firewalla|waybill|waybill_status)\.|^data\.event_(id|time)$/)
      for (const one of [field, ...Object.values(field.fields ?? {})])
        if (one.type !== "keyword") assert.isTrue(one.ignore_malformed, path)
    }
    assert.strictEqual(template.order, 1)
    assert.isUndefined(template.settings)
  })

  it("keeps as keyword what Waybill searches and sorts by", () => {
    const types = new Map(fields.map(([path, { type }]) => [path, type]))
    for (const path of ["data.event_id", "data.event_time", "data.waybill.batch"])
      assert.strictEqual(types.get(path), "keyword", path)
  })
})
