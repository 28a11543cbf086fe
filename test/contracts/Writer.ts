/** What every `Writer` promises, run against each implementation with a peer that shows what it was given. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, type Layer } from "effect"
import { Writer } from "../../src/writers/Writer.ts"

/** The other side of a writer under test. */
export class Peer extends Context.Service<
  Peer,
  {
    /** Waits until `count` events have come in; succeeds with all of them, in order, each without its header. */
    readonly events: (count: number) => Effect.Effect<ReadonlyArray<string>>
    /** Takes nothing until `comeBack`. */
    readonly goAway: Effect.Effect<void>
    readonly comeBack: Effect.Effect<void>
  }
>()("waybill/test/contracts/Writer/Peer") {}

const event = (id: string, fill = "") => JSON.stringify({ event_id: id, text: fill })
const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => event(`${prefix}${index}`))

/** An event of exactly `bytes` bytes. */
const sized = (bytes: number) => event("big", "x".repeat(bytes - Buffer.byteLength(event("big"))))

export const suite = (name: string, layer: Layer.Layer<Writer | Peer>) => {
  const live = (title: string, test: Effect.Effect<void, unknown, Writer | Peer>) =>
    it.live(title, () => Effect.provide(test, layer, { local: true }))

  describe(`${name} keeps the contract of Writer`, () => {
    live(
      "events arrive whole and in order",
      Effect.gen(function* () {
        const writer = yield* Writer
        const peer = yield* Peer
        const events = [...numbered("a", 250), event("t", '"quoted": {"ü": "日本", "|": ":"} \\ \n end')]
        yield* writer.write(events)
        assert.deepStrictEqual(yield* peer.events(events.length), events)
      }),
    )

    live(
      "nothing to write is nothing written",
      Effect.gen(function* () {
        const writer = yield* Writer
        const peer = yield* Peer
        yield* writer.write([])
        yield* writer.write([event("only")])
        assert.deepStrictEqual(yield* peer.events(1), [event("only")])
      }),
    )

    live(
      "an event of maxBytes passes, one byte more is refused after those before it were taken",
      Effect.gen(function* () {
        const writer = yield* Writer
        const peer = yield* Peer
        const longest = sized(writer.maxBytes)
        const error = yield* Effect.flip(
          writer.write([event("before"), longest, sized(writer.maxBytes + 1), event("after")]),
        )
        assert.strictEqual(error.reason, "too-long")
        assert.strictEqual(error.handedOver, 2)
        yield* writer.write([event("after")])
        assert.deepStrictEqual(yield* peer.events(3), [event("before"), longest, event("after")])
      }),
    )

    live(
      "several writes at once keep each its order, and lose nothing",
      Effect.gen(function* () {
        const writer = yield* Writer
        const peer = yield* Peer
        const feeds = ["a", "b", "c"].map((prefix) => numbered(prefix, 100))
        yield* Effect.forEach(feeds, (feed) => writer.write(feed), {
          concurrency: "unbounded",
          discard: true,
        })
        const all = yield* peer.events(300)
        assert.strictEqual(all.length, 300)
        for (const feed of feeds) {
          const own = new Set(feed)
          assert.deepStrictEqual(
            all.filter((text) => own.has(text)),
            feed,
          )
        }
      }),
    )

    live(
      "while the peer is away it fails and says how much was taken; going on from there, each arrives once",
      Effect.gen(function* () {
        const writer = yield* Writer
        const peer = yield* Peer
        const events = numbered("e", 20)
        yield* writer.write(events.slice(0, 10))
        // What was taken before must have been read before the peer goes: only a search can tell what it lost.
        yield* peer.events(10)
        yield* peer.goAway
        const error = yield* Effect.flip(writer.write(events.slice(10)))
        assert.notStrictEqual(error.reason, "too-long")
        assert.strictEqual(error.handedOver, 0)
        yield* peer.comeBack
        yield* writer.write(events.slice(10 + error.handedOver))
        assert.deepStrictEqual(yield* peer.events(20), events)
      }),
    )
  })
}
