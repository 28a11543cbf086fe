/** Whether each kind of events can be seen: by an event that is there, else by a canary in the feed's own form. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option, Result } from "effect"
import { feedsCheck, judgeKinds, kindsOf } from "../../src/check/feeds.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { Indexer } from "../../src/indexer/Indexer.ts"
import { IndexHistory } from "../../src/indexer/IndexHistory.ts"
import { Writer } from "../../src/writers/Writer.ts"

const AT = Date.parse("2026-02-22T19:13:04.123Z")
const config = (source: object) =>
  Result.getOrThrow(configFrom({ indexer: { username: "waybill", password: "x" }, source }))
const FIREWALLA = { domain: "example.firewalla.net", token: "t" }
const HEC = { enabled: true, tokens: { web: { token: "h", source_type: "nginx" } } }

const namesOf = (source: object) => kindsOf(config(source), AT).map(({ name }) => name)

/** An index in which events of some types are, and whose user sees what `isSeen` lets through. */
const chainOf = (there: ReadonlyArray<string>, isSeen: (text: string) => boolean) => {
  const written: Array<string> = []
  const unused = Effect.die("nobody asks for it")
  const chain = Layer.mergeAll(
    Layer.succeed(Writer, {
      kind: "socket",
      maxBytes: 65_000,
      write: (events) => Effect.sync(() => void written.push(...events)),
    }),
    Layer.succeed(IndexHistory, {
      newest: ({ eventType }) =>
        Effect.succeed(there.includes(eventType) ? Option.some({ id: "e", timeMillis: AT }) : Option.none()),
    }),
    Layer.succeed(Indexer, {
      copies: ({ ids }) =>
        Effect.sync(() => {
          const seen = written.filter(isSeen).map((text): string => JSON.parse(text).event_id)
          return new Map(ids.filter((id) => seen.includes(id)).map((id) => [id, 1]))
        }),
      count: () => unused,
      tally: () => unused,
      ofBatches: () => unused,
      between: () => unused,
      places: () => unused,
      shards: () => unused,
    }),
  )
  return { chain, written }
}

const looked = ({ chain }: ReturnType<typeof chainOf>) =>
  feedsCheck(config({ firewalla: FIREWALLA, hec: HEC }), {
    atMost: Duration.millis(700),
    needs: ["canary"],
    chain,
  }).run.pipe(Effect.provide(NodeServices.layer))

describe("the kinds that are to be delivered", () => {
  it("are those of the feeds that are enabled, and one of each sender", () => {
    assert.deepStrictEqual(namesOf({ firewalla: FIREWALLA, hec: HEC }), [
      "firewalla-msp alarm",
      "firewalla-msp flow",
      "firewalla-msp device_change",
      "hec nginx of web",
    ])
    assert.deepStrictEqual(namesOf({ firewalla: { ...FIREWALLA, feeds: { flows: { enabled: false } } } }), [
      "firewalla-msp alarm",
      "firewalla-msp device_change",
    ])
    assert.deepStrictEqual(namesOf({ hec: HEC }), ["hec nginx of web"])
  })

  it.live("are seen by their events where there are some; nothing is sent then", () =>
    Effect.gen(function* () {
      const world = chainOf(["alarm", "flow", "device_change", "event"], () => false)
      assert.strictEqual((yield* looked(world)).status, "ok")
      assert.deepStrictEqual(world.written, [])
    }),
  )

  it.live("are seen by a canary where none is there yet", () =>
    Effect.gen(function* () {
      const world = chainOf(["flow"], () => true)
      const found = yield* looked(world)
      assert.strictEqual(found.status, "ok")
      assert.include(
        found.message,
        "no event is there yet: firewalla-msp alarm, firewalla-msp device_change, hec nginx of web",
      )
      assert.deepStrictEqual(
        world.written.map((text) => JSON.parse(text).event_type),
        ["alarm", "device_change", "event"],
      )
      assert.isTrue(world.written.every((text) => JSON.parse(text).event_time === undefined))
    }),
  )

  it.live("fail where neither is to be seen, by name and with the three causes", () =>
    Effect.gen(function* () {
      const found = yield* looked(chainOf(["flow"], (text) => !text.includes("firewalla-msp")))
      assert.strictEqual(found.status, "fail")
      assert.match(found.message, /: firewalla-msp alarm, firewalla-msp device_change\.$/)
      for (const cause of [
        "document filter",
        "field filter",
        "masked",
        "index_pattern",
        "read-only",
        "lost on the way",
      ])
        assert.include(found.advice, cause)
    }),
  )

  it("says what it can't see", () => {
    assert.include(judgeKinds([{ name: "a", by: "event" }], 0).message, "can't be seen from here")
  })
})
