/** Replies of the API as a public client recorded them, over real HTTP. They lie beside the checkout, if at all. */
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { firewallaFeeds } from "../../../src/sources/firewalla/layer.ts"
import { Feeds } from "../../../src/sources/Source.ts"
import { checkpointOf, collect, idsOf, named, optionsWith, positionsOf } from "./feeds.ts"
import { mspServer } from "./mspServer.ts"

const folder = new URL("../../../../shared/data/firewalla/", import.meta.url)

/** A server that answers each path, and each cursor, with a recorded reply. */
const recorded = (replies: Readonly<Record<string, string>>) =>
  mspServer(({ url }, response) => {
    const cursor = url.searchParams.get("cursor")
    const file = replies[`${url.pathname}${cursor === null ? "" : `?${cursor}`}`]
    response.writeHead(file === undefined ? 404 : 200, { "content-type": "application/json" })
    response.end(file === undefined ? "{}" : readFileSync(new URL(file, folder)))
  })

const feedOver = Effect.fnUntraced(function* (name: string, replies: Readonly<Record<string, string>>) {
  yield* TestClock.setTime(1_714_868_000_000)
  const { baseUrl } = yield* recorded(replies)
  const context = yield* Layer.build(firewallaFeeds(() => optionsWith({ baseUrl })))
  return yield* named(name, Context.get(context, Feeds))
})

describe.skipIf(!existsSync(folder))("recorded replies", () => {
  it.effect("three pages of alarms", () =>
    Effect.gen(function* () {
      const feed = yield* feedOver("alarms", {
        "/v2/alarms": "alarms-page1.json",
        "/v2/alarms?c2": "alarms-page2.json",
        "/v2/alarms?c3": "alarms-page3.json",
      })
      const pages = yield* collect(feed)
      assert.strictEqual(new Set(idsOf(pages)).size, 5)
      assert.deepStrictEqual(positionsOf(pages), [1_714_867_300, 1_714_867_500, 1_714_868_000])
    }),
  )

  it.effect("flows, which have neither gid nor source nor destination", () =>
    Effect.gen(function* () {
      const pages = yield* collect(yield* feedOver("flows", { "/v2/flows": "flows.json" }))
      assert.strictEqual(new Set(idsOf(pages)).size, 2)
      assert.deepStrictEqual(positionsOf(pages), [1_714_868_000])
    }),
  )

  it.effect("devices", () =>
    Effect.gen(function* () {
      const feed = yield* feedOver("devices", { "/v2/devices": "devices.json" })
      const [first] = yield* collect(feed)
      const position = Option.getOrThrow(first?.position ?? Option.none())
      assert.deepStrictEqual(position, {
        kind: "inventory",
        generation: 0,
        devices: [
          {
            gid: "00000000-0000-0000-0000-000000000001",
            id: "AA:BB:CC:DD:EE:FF",
            name: "Living Room AppleTV",
            ip: "192.168.1.42",
            network: "Main",
            mac_vendor: "Apple, Inc.",
          },
        ],
      })
      assert.deepStrictEqual(yield* collect(feed, checkpointOf(position)), [])
    }),
  )
})
