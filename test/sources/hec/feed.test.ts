/** What every source keeps (src/sources/Source.ts), as far as it applies to records that are pushed. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Fiber, Layer, Option, Result, Stream } from "effect"
import type { Checkpoint } from "../../../src/domain/Checkpoint.ts"
import { alarmId } from "../../../src/sources/firewalla/identity.ts"
import { eventChunks, rawChunks } from "../../../src/sources/hec/chunks.ts"
import { makeHecFeed } from "../../../src/sources/hec/feed.ts"
import { Spool } from "../../../src/sources/hec/Spool.ts"
import { allowing } from "../../../src/sources/hec/tokens.ts"
import type { Page } from "../../../src/sources/Source.ts"
import { withoutLogs } from "../../support/logRecorder.ts"
import { senderOf, spoolIn, temporaryFolder } from "./collector.ts"

const sender = senderOf("main", { allows: allowing("*, firewalla:alarm", "httpevent") })
const DEFAULTS = { sourcetype: "httpevent" }

const inRun = <A, E>(
  folder: string,
  use: (run: {
    readonly push: (body: string) => Effect.Effect<void>
    readonly waitingSince: (from: number) => Effect.Effect<number | undefined>
    readonly pages: (from: number, count: number) => Effect.Effect<ReadonlyArray<Page>>
  }) => Effect.Effect<A, E>,
) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(spoolIn(folder))
    const spool = Context.get(context, Spool)
    const feed = yield* makeHecFeed({ sender: "main", allows: sender.allows, batchEvents: 10 }).pipe(
      Effect.provideService(Spool, spool),
    )
    return yield* use({
      push: Effect.fnUntraced(function* (body) {
        const chunks = Result.getOrThrow(eventChunks(body, sender, DEFAULTS, (id) => id === "waiting"))
        const receivedAt = yield* Clock.currentTimeMillis
        yield* spool.append({ sender: "main", receivedAt, defaults: DEFAULTS, chunks, channel: undefined })
      }, Effect.orDie),
      waitingSince: (from) =>
        Effect.orDie(feed.waitingSince(from === 0 ? Option.none() : Option.some(checkpointAt(from)))),
      pages: (from, count) =>
        feed
          .poll(from === 0 ? Option.none() : Option.some(checkpointAt(from)))
          .pipe(Stream.take(count), Stream.runCollect, Effect.timeout("5 seconds"), Effect.orDie),
    })
  }).pipe(Effect.scoped)

const checkpointAt = (upTo: number): Checkpoint => ({
  version: 1,
  feed: "hec/main",
  position: { kind: "sequence", up_to: upTo },
  newest: null,
  confirmed: 0,
  committed_at: "2026-02-22T19:13:04.123Z",
})
const upTo = ({ position }: Page) =>
  Option.isSome(position) && position.value.kind === "sequence" ? position.value.up_to : Number.NaN
const events = (...values: ReadonlyArray<unknown>) =>
  values.map((event) => JSON.stringify({ event })).join("")
const idsOf = (pages: ReadonlyArray<Page>) => pages.flatMap(({ envelopes }) => envelopes.map(({ id }) => id))
const payloadsOf = (pages: ReadonlyArray<Page>) =>
  pages.flatMap(({ envelopes }) => envelopes.map(({ payload }) => payload))

const test = <A, E>(name: string, play: (folder: string) => Effect.Effect<A, E, NodeServices.NodeServices>) =>
  it.live(name, () =>
    temporaryFolder.pipe(
      Effect.flatMap(play),
      Effect.scoped,
      Effect.provide(NodeServices.layer),
      withoutLogs,
    ),
  )

describe("the feed of a sender", () => {
  test("tells since when the oldest record after the checkpoint waits", (folder) =>
    inRun(folder, ({ push, waitingSince }) =>
      Effect.gen(function* () {
        assert.isUndefined(yield* waitingSince(0))
        const before = yield* Clock.currentTimeMillis
        yield* push(events("a"))
        yield* Effect.sleep("20 millis")
        const between = yield* Clock.currentTimeMillis
        yield* push(events("b", "c"))
        const [first = 0, second = 0] = [yield* waitingSince(0), yield* waitingSince(1)]
        assert.isTrue(before <= first && first < between && between <= second)
        assert.strictEqual(yield* waitingSince(2), second)
        assert.isUndefined(yield* waitingSince(3))
      }),
    ))
  test("yields every record once, in the order of acceptance, as they come", (folder) =>
    inRun(folder, ({ pages, push }) =>
      Effect.gen(function* () {
        yield* push(events("a", "b"))
        yield* push(events("c"))
        const [together] = yield* pages(0, 1)
        assert.deepStrictEqual(together && [payloadsOf([together]), upTo(together)], [["a", "b", "c"], 3])
        const waiting = yield* Effect.forkChild(pages(3, 1))
        yield* Effect.sleep("100 millis")
        yield* push(events("d"))
        assert.deepStrictEqual(payloadsOf(yield* Fiber.join(waiting)), ["d"])
      }),
    ))

  test("gives a record the same id in every run, and says only then that it may have been sent", (folder) =>
    Effect.gen(function* () {
      const first = yield* inRun(folder, ({ pages, push }) =>
        Effect.andThen(push(events("a", { b: 1 })), pages(0, 1)),
      )
      assert.deepStrictEqual(
        first.map(({ maybeSent }) => maybeSent),
        [false],
      )
      const again = yield* inRun(folder, ({ pages, push }) =>
        Effect.andThen(push(events("new")), pages(0, 2)),
      )
      assert.deepStrictEqual(
        again.map(({ maybeSent }) => maybeSent),
        [true, false],
      )
      assert.deepStrictEqual(idsOf(again).slice(0, 2), idsOf(first))
      assert.strictEqual(new Set(idsOf(again)).size, 3)
      assert.deepStrictEqual(again[0]?.envelopes, first[0]?.envelopes)
    }))

  test("says of what an earlier poll of the same run was given that it may have been sent", (folder) =>
    inRun(folder, ({ pages, push }) =>
      Effect.gen(function* () {
        yield* push(events("a", "b"))
        const first = yield* pages(0, 1)
        yield* push(events("c"))
        const again = yield* pages(0, 2)
        assert.deepStrictEqual(
          [...first, ...again].map(({ maybeSent }) => maybeSent),
          [false, true, false],
        )
        assert.deepStrictEqual(payloadsOf(again), ["a", "b", "c"])
      }),
    ))

  test("yields positions from each of which the rest is found again", (folder) =>
    inRun(folder, ({ pages, push }) =>
      Effect.gen(function* () {
        for (let n = 0; n < 4; n++) yield* push(events(...Array.from({ length: 10 }, (_, i) => n * 10 + i)))
        const all = yield* pages(0, 4)
        assert.deepStrictEqual(all.map(upTo), [10, 20, 30, 40])
        for (const [n, page] of all.slice(0, -1).entries())
          assert.deepStrictEqual(idsOf(yield* pages(upTo(page), 3 - n)), idsOf(all.slice(n + 1)))
      }),
    ))

  test("makes of a Firewalla alarm what the poller makes of it, under the poller's id", (folder) =>
    inRun(folder, ({ pages, push }) =>
      Effect.gen(function* () {
        const alarm = { ts: 1_771_787_584.1, gid: "G", aid: "7", type: 1 }
        yield* push(`${events("x")}${JSON.stringify({ event: alarm, sourcetype: "firewalla:alarm" })}`)
        const [plain, own] = yield* pages(0, 2)
        assert.isFalse(plain?.maybeSent)
        assert.isTrue(own?.maybeSent)
        const [envelope] = own?.envelopes ?? []
        assert.deepInclude(envelope, {
          id: alarmId(alarm) ?? "none",
          source: "firewalla-msp",
          source_type: "firewalla:alarm",
          format: "json",
          payload: alarm,
        })
      }),
    ))

  test("sends a dead letter again as it was, apart from all else", (folder) =>
    inRun(folder, ({ pages, push }) =>
      Effect.gen(function* () {
        const envelope = {
          id: "waiting",
          source: "firewalla-msp",
          source_type: "firewalla:flow",
          format: "json",
          payload: '{"ts":1.5}',
          attributes: { a: "b" },
          received_at: "2026-02-22T19:13:04.123Z",
        }
        yield* push(`${events("x")}${JSON.stringify(envelope)}`)
        const [plain, again] = yield* pages(0, 2)
        assert.deepStrictEqual([plain?.replayed, again?.replayed, again?.maybeSent], [false, true, true])
        assert.deepStrictEqual(again?.envelopes, [{ ...envelope, format: "json", payload: { ts: 1.5 } }])
      }),
    ))

  it("keeps raw lines as they are, but for their ends", () => {
    const chunks = Result.getOrThrow(rawChunks(" one \r\n\n\ttwo", sender, DEFAULTS))
    assert.deepStrictEqual(
      chunks.map(({ count, text }) => [count, text]),
      [[2, " one \r\n\n\ttwo"]],
    )
  })
})
