import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { readAlarm, readDeviceChange, readFlow } from "../../../src/normalizers/firewalla/reading.ts"
import { Alarm, DeviceChange, Flow } from "../../../src/normalizers/firewalla/records.ts"
import { ALARM, DEVICE_CHANGE, FLOW } from "../../../src/normalizers/firewalla/registrations.ts"
import { problemsOf } from "../carried.ts"
import { envelopeOf, normalize } from "../envelopes.ts"
import { hostileRecord } from "./hostileRecords.ts"

/** Without what was not read and what has no value; the order of keys is that of the Schema in both. */
const bare = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, inner) => (inner instanceof Map ? undefined : inner)))

/** The same value with the keys of every object the other way round. */
const reversed = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(reversed)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toReversed()
            .map(([key, inner]) => [key, reversed(inner)]),
        )
      : value

const agree = (read: Result.Result<unknown, unknown>, decoded: Result.Result<unknown, unknown>): void => {
  assert.strictEqual(Result.isSuccess(read), Result.isSuccess(decoded))
  if (Result.isSuccess(read) && Result.isSuccess(decoded)) {
    assert.deepStrictEqual(bare(read.success), bare(decoded.success))
  }
}

const runs = { arbitrary: { runs: 400 } }

describe("hostile records", () => {
  it("keeps both an id and a name, read by hand and by the Schema", () => {
    const record = { ts: 1, group: { name: "HQ", id: 1 }, box: { id: "G1", name: "Office" }, network: "LAN" }
    const decoded = Schema.decodeUnknownResult(Alarm)(record)
    assert.deepStrictEqual(bare(Result.getOrThrow(decoded)), {
      ts: 1000,
      group: { id: "1", name: "HQ" },
      box: { id: "G1", name: "Office" },
      network: { name: "LAN" },
    })
    agree(readAlarm(record), decoded)
  })

  it.prop(
    "the fast reader agrees with the Schemas, on what it reads and on what it refuses",
    [hostileRecord],
    ([record]) => {
      agree(readAlarm(record), Schema.decodeUnknownResult(Alarm)(record))
      agree(readFlow(record), Schema.decodeUnknownResult(Flow)(record))
      agree(readDeviceChange(record), Schema.decodeUnknownResult(DeviceChange)(record))
    },
    runs,
  )

  it.prop(
    "become events that Wazuh carries as they are, or are rejected",
    [hostileRecord],
    ([record]) => {
      for (const sourceType of [ALARM, FLOW, DEVICE_CHANGE]) {
        const result = normalize(envelopeOf(sourceType, record))
        if (Result.isSuccess(result)) assert.deepStrictEqual(problemsOf(result.success), [])
        else assert.notInclude(result.failure.message, "bug")
      }
    },
    runs,
  )

  it.prop(
    "give the same bytes whatever the order of their keys",
    [hostileRecord],
    ([record]) => {
      for (const sourceType of [ALARM, FLOW, DEVICE_CHANGE]) {
        const [one, other] = [record, reversed(record)].map((payload) =>
          normalize(envelopeOf(sourceType, payload)),
        )
        if (one === undefined || other === undefined) throw new Error("unreachable")
        assert.strictEqual(
          Result.isSuccess(one) ? one.success.json : one.failure.message,
          Result.isSuccess(other) ? other.success.json : other.failure.message,
        )
      }
    },
    runs,
  )

  it.prop(
    "any JSON value at all is normalized or rejected, and never throws",
    [Schema.Json],
    ([payload]) => {
      for (const sourceType of [ALARM, FLOW, DEVICE_CHANGE]) {
        const result = normalize(envelopeOf(sourceType, payload))
        if (Result.isFailure(result)) assert.strictEqual(result.failure.reason, "normalization_failed")
      }
    },
    runs,
  )
})
