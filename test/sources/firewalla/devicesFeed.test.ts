import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { Position } from "../../../src/domain/Checkpoint.ts"
import type { Page } from "../../../src/sources/Source.ts"
import { fakeMsp } from "./fakeMsp.ts"
import { checkpointOf, collect, collectAll, feedOf, idsOf, settledUpTo } from "./feeds.ts"

const device = (id: number, name = `device ${id}`) => ({
  id: `mac:${id}`,
  gid: "G",
  name,
  ip: "10.0.0.1",
  network: "n",
})
const devices = (count: number) => Array.from({ length: count }, (_, id) => device(id))

/** Fails a test that needs a position where there is none. */
const positionOf = (page: Page | undefined): Position => Option.getOrThrow(page?.position ?? Option.none())
const committed = (page: Page | undefined) => checkpointOf(positionOf(page))

describe("the devices feed", () => {
  it.effect("only sets the baseline in its first run", () =>
    Effect.gen(function* () {
      const pages = yield* collect(yield* feedOf("devices", fakeMsp(devices(2))))
      assert.deepStrictEqual(
        pages.map((page) => page.envelopes),
        [[]],
      )
      const position = positionOf(pages[0])
      assert.strictEqual(position.kind === "inventory" && position.generation, 0)
      assert.strictEqual(position.kind === "inventory" && position.devices.length, 2)
    }),
  )

  it.effect("sets an empty baseline where there is no device", () =>
    Effect.gen(function* () {
      const fake = fakeMsp([])
      const feed = yield* feedOf("devices", fake)
      const [first] = yield* collect(feed)
      assert.deepStrictEqual(yield* collect(feed, committed(first)), [])
      fake.records = devices(1)
      assert.strictEqual(idsOf(yield* collect(feed, committed(first))).length, 1)
    }),
  )

  it.effect("yields nothing where nothing changed", () =>
    Effect.gen(function* () {
      const feed = yield* feedOf("devices", fakeMsp(devices(3)))
      const [first] = yield* collect(feed)
      assert.deepStrictEqual(yield* collect(feed, committed(first)), [])
    }),
  )

  it.effect("yields each change once, and again with the same id until the baseline is committed", () =>
    Effect.gen(function* () {
      const fake = fakeMsp(devices(3))
      const feed = yield* feedOf("devices", fake)
      const [baseline] = yield* collect(feed)
      fake.records = [device(0), device(1, "renamed"), device(7)]
      const pages = yield* collect(feed, committed(baseline))
      assert.deepStrictEqual(
        pages[0]?.envelopes.map(({ source_type, payload }) =>
          typeof payload === "object" && payload !== null && "change_type" in payload
            ? `${source_type} ${payload.change_type}`
            : "?",
        ),
        [
          "firewalla:device_change device_changed",
          "firewalla:device_change new_device",
          "firewalla:device_change device_removed",
        ],
      )
      assert.isFalse(pages[0]?.maybeSent)
      const again = yield* collect(feed, committed(baseline))
      assert.deepStrictEqual(idsOf(again), idsOf(pages))
      assert.isTrue(again[0]?.maybeSent)
      assert.deepStrictEqual(yield* collect(feed, committed(pages[0])), [])
    }),
  )

  it.effect("takes the changes of its first poll for possibly sent, and later ones not", () =>
    Effect.gen(function* () {
      const fake = fakeMsp(devices(1))
      const [baseline] = yield* collect(yield* feedOf("devices", fake))
      const feed = yield* feedOf("devices", fake)
      fake.records = devices(2)
      const [first] = yield* collect(feed, committed(baseline))
      assert.isTrue(first?.maybeSent)
      fake.records = devices(3)
      const [second] = yield* collect(feed, committed(first))
      assert.isFalse(second?.maybeSent)
    }),
  )

  it.effect("moves the baseline with the last of many pages only", () =>
    Effect.gen(function* () {
      const fake = fakeMsp(devices(1))
      const feed = yield* feedOf("devices", fake)
      const [baseline] = yield* collect(feed)
      fake.records = devices(1200)
      const pages = yield* collect(feed, committed(baseline))
      assert.deepStrictEqual(
        pages.map((page) => [page.envelopes.length, Option.isSome(page.position)]),
        [
          [500, false],
          [500, false],
          [199, true],
        ],
      )
      const position = positionOf(pages[2])
      assert.strictEqual(position.kind === "inventory" && position.generation, 1)
    }),
  )

  it.effect("does not take an empty inventory for the removal of all", () =>
    Effect.gen(function* () {
      const fake = fakeMsp(devices(3))
      const feed = yield* feedOf("devices", fake)
      const [baseline] = yield* collect(feed)
      fake.records = []
      const { error, pages } = yield* collectAll(feed, committed(baseline))
      assert.deepStrictEqual(pages, [])
      assert.include(error?.message, "the baseline has 3 devices")
    }),
  )

  it.effect("makes an envelope of what is no device, and still sets the baseline", () =>
    Effect.gen(function* () {
      const pages = yield* collect(yield* feedOf("devices", fakeMsp([device(1), "no device"])))
      assert.deepStrictEqual(
        pages[0]?.envelopes.map(({ payload }) => payload),
        ["no device"],
      )
      assert.strictEqual(positionOf(pages[0]).kind, "inventory")
    }),
  )

  it.effect("asks for its box or group", () =>
    Effect.gen(function* () {
      const fake = fakeMsp([])
      yield* collect(yield* feedOf("devices", fake, {}, { box: "B" }))
      yield* collect(yield* feedOf("devices", fake, {}, { group: "7" }))
      assert.deepStrictEqual(
        fake.asked.map(({ request }) => request.params),
        [{ box: "B" }, { group: "7" }],
      )
    }),
  )

  it.effect("refuses a checkpoint of another kind", () =>
    Effect.gen(function* () {
      const { error } = yield* collectAll(yield* feedOf("devices", fakeMsp()), settledUpTo(1))
      assert.include(error?.message, "not one of an inventory")
    }),
  )
})
