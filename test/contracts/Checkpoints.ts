/** What every implementation of Checkpoints keeps; see src/checkpoints/Checkpoints.ts. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer, Option } from "effect"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import type { Checkpoint } from "../../src/domain/Checkpoint.ts"

export const checkpointAt = (feed: string, upTo: number): Checkpoint => ({
  version: 1,
  feed,
  position: { kind: "time", up_to: upTo },
  newest: { id: `event-${upTo}`, time: upTo },
  confirmed: upTo,
  committed_at: "2026-02-22T19:13:04.123Z",
})

export const suite = <E>(name: string, layer: Layer.Layer<Checkpoints, E>) =>
  describe(`Checkpoints: ${name}`, () => {
    it.effect("knows nothing of a feed before its first commit", () =>
      Effect.gen(function* () {
        const checkpoints = yield* Checkpoints
        assert.isTrue(Option.isNone(yield* checkpoints.load("firewalla-msp/flows")))
      }).pipe(Effect.provide(layer)),
    )

    it.effect("returns the last commit of each feed", () =>
      Effect.gen(function* () {
        const checkpoints = yield* Checkpoints
        yield* checkpoints.commit(checkpointAt("firewalla-msp/flows", 1))
        yield* checkpoints.commit(checkpointAt("firewalla-msp/alarms", 2))
        yield* checkpoints.commit(checkpointAt("firewalla-msp/flows", 3))
        assert.deepStrictEqual(
          yield* checkpoints.load("firewalla-msp/flows"),
          Option.some(checkpointAt("firewalla-msp/flows", 3)),
        )
        assert.deepStrictEqual(
          yield* checkpoints.load("firewalla-msp/alarms"),
          Option.some(checkpointAt("firewalla-msp/alarms", 2)),
        )
      }).pipe(Effect.provide(layer)),
    )

    it.effect("keeps an inventory whole", () =>
      Effect.gen(function* () {
        const checkpoints = yield* Checkpoints
        const inventory: Checkpoint = {
          ...checkpointAt("firewalla-msp/devices", 1),
          newest: null,
          position: {
            kind: "inventory",
            generation: 7,
            devices: [
              { gid: "g", id: "mac:AA", name: "Télé", ip: "10.0.0.1", network: "LAN", mac_vendor: "" },
            ],
          },
        }
        yield* checkpoints.commit(inventory)
        assert.deepStrictEqual(yield* checkpoints.load("firewalla-msp/devices"), Option.some(inventory))
      }).pipe(Effect.provide(layer)),
    )
  })
