import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import { Rejected } from "../../src/normalizers/Normalizer.ts"
import { layer as layerShipped, make, Normalizers } from "../../src/normalizers/Registry.ts"
import { envelopeOf, rejectionOf } from "./envelopes.ts"

describe("make", () => {
  it("says which normalizer is missing", () => {
    const rejected = rejectionOf("cisco_asa", {})
    assert.strictEqual(rejected.reason, "normalization_failed")
    assert.strictEqual(rejected.message, "no normalizer registered for format=json source_type=cisco_asa")
  })

  it("chooses by format, too", () => {
    const normalize = make([
      {
        format: "raw",
        sourceType: "test",
        normalizer: () => Result.fail(new Rejected({ reason: "validation_failed", message: "raw" })),
      },
    ])
    const messageOf = (format: "json" | "raw") =>
      Result.getOrThrow(Result.flip(normalize({ ...envelopeOf("test", ""), format }))).message
    assert.strictEqual(messageOf("raw"), "raw")
    assert.strictEqual(messageOf("json"), "no normalizer registered for format=json source_type=test")
  })

  it("turns a normalizer that throws into a rejection", () => {
    const normalize = make([
      {
        format: "json",
        sourceType: "test",
        normalizer: () => {
          throw new RangeError("boom")
        },
      },
    ])
    const rejected = Result.getOrThrow(Result.flip(normalize(envelopeOf("test", {}))))
    assert.strictEqual(rejected.reason, "normalization_failed")
    assert.include(rejected.message, "RangeError: boom")
  })

  it("survives a payload nested deeper than the stack", () => {
    const deep: unknown = JSON.parse(`{"ts":1,"unknown":${"[".repeat(200_000)}1${"]".repeat(200_000)}}`)
    assert.strictEqual(rejectionOf("firewalla:flow", deep).reason, "normalization_failed")
  })
})

layer(layerShipped())("the shipped layer", (it) => {
  it.effect("normalizes all three feeds of Firewalla", () =>
    Effect.gen(function* () {
      const { normalize } = yield* Normalizers
      const payload = { ts: 1, observed_at: "2026-02-22T19:13:04.123Z", change_type: "new_device" }
      const types = ["firewalla:alarm", "firewalla:flow", "firewalla:device_change"].map(
        (type) => Result.getOrThrow(normalize(envelopeOf(type, payload))).type,
      )
      assert.deepStrictEqual(types, ["alarm", "flow", "device_change"])
    }),
  )
})
