import * as Fs from "node:fs"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type Chunk, type Push, Spool } from "../../../src/sources/hec/Spool.ts"
import { type SpoolOptions, layer as spoolLayer } from "../../../src/sources/hec/sqliteSpool.ts"
import { withoutLogs } from "../../support/logRecorder.ts"
import { CHANNEL, spoolIn, temporaryFolder } from "./collector.ts"

const raw = (...lines: ReadonlyArray<string>): Chunk => ({
  kind: "raw",
  count: lines.length,
  text: lines.join("\n"),
  ownId: undefined,
  replayed: false,
})
const own = (id: string): Chunk => ({ ...raw(`record ${id}`), ownId: id })
const pushOf = (chunks: ReadonlyArray<Chunk>, changes: Partial<Push> = {}): Push => ({
  sender: "main",
  receivedAt: 1_771_787_584_123,
  defaults: { sourcetype: "nginx" },
  chunks,
  channel: undefined,
  ...changes,
})

/** A run of its own over the folder: what it had open is closed at its end. */
const inRun = <A, E>(
  folder: string,
  use: (spool: Spool["Service"]) => Effect.Effect<A, E>,
  changes: Partial<SpoolOptions> = {},
) =>
  Layer.build(spoolIn(folder, changes)).pipe(
    Effect.flatMap((context) => use(Context.get(context, Spool))),
    Effect.scoped,
  )

const test = <A, E>(name: string, play: (folder: string) => Effect.Effect<A, E, NodeServices.NodeServices>) =>
  it.live(name, () =>
    temporaryFolder.pipe(
      Effect.flatMap(play),
      Effect.scoped,
      Effect.provide(NodeServices.layer),
      withoutLogs,
    ),
  )

const texts = (spool: Spool["Service"], after = 0) =>
  Effect.map(spool.read("main", after, 10_000), (chunks) => chunks.map(({ text, last }) => [text, last]))

describe("the spool", () => {
  test("gives what was accepted back, in order and under the same numbers, also in the next run", (folder) =>
    Effect.gen(function* () {
      const before = yield* inRun(folder, (spool) =>
        Effect.gen(function* () {
          yield* spool.append(pushOf([raw("a", "b"), own("x")]))
          yield* spool.append(pushOf([raw("of another")], { sender: "other" }))
          yield* spool.append(pushOf([raw("nul \0 and \uFFFD")]))
          return yield* spool.read("main", 0, 10_000)
        }),
      )
      assert.deepStrictEqual(
        before.map(({ text, last }) => [text, last]),
        [
          ["a\nb", 2],
          ["record x", 3],
          ["nul \0 and \uFFFD", 5],
        ],
      )
      yield* inRun(folder, (spool) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* spool.read("main", 0, 10_000), before)
          assert.strictEqual(spool.openedAt, 5)
          assert.deepStrictEqual(spool.orphans, ["other"])
          assert.strictEqual(spool.stats().events, 5)
          yield* spool.append(pushOf([raw("later")]))
          const [later] = yield* spool.read("main", 5, 10_000)
          assert.strictEqual(later?.last, 6)
          assert.notStrictEqual(later?.prefix, before[0]?.prefix)
        }),
      )
    }))

  test("puts requests that come together into one transaction, each with its own answer", (folder) =>
    inRun(folder, (spool) =>
      Effect.gen(function* () {
        const pushes = Array.from({ length: 300 }, (_, n) => pushOf([raw(`line ${n}`)], { channel: CHANNEL }))
        const ids = yield* Effect.forEach(pushes, spool.append, { concurrency: "unbounded" })
        assert.deepStrictEqual(
          ids,
          pushes.map((_, n) => n),
        )
        assert.strictEqual((yield* spool.read("main", 0, 10_000)).length, 200)
      }),
    ))

  test("lets go only of what the checkpoint has passed", (folder) =>
    Effect.gen(function* () {
      yield* inRun(folder, (spool) =>
        Effect.gen(function* () {
          yield* spool.append(pushOf([raw("a", "b")]))
          yield* spool.append(pushOf([raw("c")]))
          yield* spool.settled("main", 2)
          yield* spool.append(pushOf([raw("d")]))
          assert.deepStrictEqual(yield* texts(spool), [
            ["c", 3],
            ["d", 4],
          ])
          assert.strictEqual(spool.stats().events, 2)
          yield* spool.settled("main", 4)
          yield* Effect.sleep("50 millis")
          assert.deepStrictEqual(spool.stats(), { events: 0, bytes: 0 })
        }),
      )
      // Everything is gone, and the numbers go on all the same.
      yield* inRun(
        folder,
        (spool) =>
          Effect.gen(function* () {
            yield* spool.append(pushOf([raw("e")]))
            assert.deepStrictEqual(yield* texts(spool, 4), [["e", 5]])
          }),
        { settledUpTo: () => Effect.succeed(4) },
      )
    }))

  test("never gives a number again that the checkpoint has passed, even if the file is lost", (folder) =>
    inRun(
      folder,
      (spool) =>
        Effect.gen(function* () {
          yield* spool.append(pushOf([raw("new")]))
          assert.deepStrictEqual(yield* texts(spool, 5000), [["new", 5001]])
        }),
      { settledUpTo: () => Effect.succeed(5000) },
    ))

  test("keeps a record with an id of its own once, for as long as it waits", (folder) =>
    inRun(folder, (spool) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* spool.append(pushOf([own("x")], { channel: CHANNEL })), 0)
        assert.strictEqual(yield* spool.append(pushOf([own("x"), own("y")], { channel: CHANNEL })), 1)
        assert.deepStrictEqual(yield* texts(spool), [
          ["record x", 1],
          ["record y", 3],
        ])
        yield* spool.settled("main", 1)
        yield* spool.append(pushOf([own("x")]))
        assert.deepStrictEqual(yield* texts(spool), [
          ["record y", 3],
          ["record x", 4],
        ])
      }),
    ))

  test("tells an ack id true once it is settled, once, and after a restart", (folder) =>
    Effect.gen(function* () {
      const asked = (spool: Spool["Service"], ...ids: ReadonlyArray<number>) =>
        Effect.map(spool.acks("main", CHANNEL, ids), (answers) => [...answers.values()])
      yield* inRun(folder, (spool) =>
        Effect.gen(function* () {
          yield* spool.append(pushOf([raw("a", "b")], { channel: CHANNEL }))
          yield* spool.append(pushOf([raw("c")], { channel: CHANNEL }))
          yield* spool.append(pushOf([raw("d")], { channel: CHANNEL }))
          yield* spool.settled("main", 1)
          assert.deepStrictEqual(yield* asked(spool, 0, 1, 2, 3), [false, false, false, false])
          yield* spool.settled("main", 3)
          assert.deepStrictEqual(yield* asked(spool, 0), [true])
          assert.deepStrictEqual(yield* asked(spool, 0), [false])
          assert.deepStrictEqual(yield* spool.acks("other", CHANNEL, [1]), new Map([[1, false]]))
          yield* spool.append(pushOf([raw("e")]))
        }),
      )
      yield* inRun(
        folder,
        (spool) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* asked(spool, 0, 1, 2), [false, true, false])
            assert.strictEqual(yield* spool.append(pushOf([raw("f")], { channel: CHANNEL })), 3)
          }),
        { settledUpTo: () => Effect.succeed(3) },
      )
    }))

  test("refuses what goes over its limits, and takes it when there is room again", (folder) =>
    inRun(
      folder,
      (spool) =>
        Effect.gen(function* () {
          yield* spool.append(pushOf([raw("a", "b")]))
          assert.strictEqual((yield* Effect.flip(spool.append(pushOf([raw("c", "d")]))))._tag, "SpoolFull")
          assert.isFalse(spool.isFull())
          yield* spool.append(pushOf([raw("c")]))
          assert.isTrue(spool.isFull())
          yield* spool.settled("main", 3)
          yield* Effect.sleep("50 millis")
          yield* spool.append(pushOf([raw("c", "d")]))
        }),
      { maxEvents: 3, maxBytes: 5000 },
    ))

  test("refuses for good what is more than it may hold at all", (folder) =>
    inRun(
      folder,
      (spool) =>
        Effect.gen(function* () {
          const many = yield* Effect.flip(spool.append(pushOf([raw("a", "b", "c", "d")])))
          assert.strictEqual(many._tag, "PushTooLarge")
          assert.include(
            many.message,
            "4 events in one request are more than source.hec.spool.max_events, which is 3",
          )
          const long = yield* Effect.flip(spool.append(pushOf([raw("x".repeat(10_000))])))
          assert.strictEqual(long._tag, "PushTooLarge")
          assert.include(long.message, "source.hec.spool.max_bytes, which is 5000")
          yield* spool.append(pushOf([raw("a", "b", "c")]))
        }),
      { maxEvents: 3, maxBytes: 5000 },
    ))

  test("refuses to begin over a damaged file, and leaves it as it is", (folder) =>
    Effect.gen(function* () {
      yield* inRun(folder, (spool) => spool.append(pushOf([raw("x".repeat(50_000))])))
      const file = `${folder}/spool.db`
      assert.strictEqual(Fs.statSync(file).mode & 0o777, 0o600)
      const bytes = Fs.readFileSync(file)
      bytes.fill(7, 4096, 4096 + 20_000)
      Fs.writeFileSync(file, bytes)
      const error = yield* Effect.flip(inRun(folder, () => Effect.void))
      assert.strictEqual(error._tag, "SpoolUnusable")
      assert.include(error.message, file)
      assert.deepStrictEqual(Fs.readFileSync(file), bytes)
      Fs.writeFileSync(file, "this is no database, but long enough to be one ".repeat(100))
      assert.strictEqual((yield* Effect.flip(inRun(folder, () => Effect.void)))._tag, "SpoolUnusable")
    }))

  test("lets no second one in", (folder) =>
    inRun(folder, (spool) =>
      Effect.gen(function* () {
        yield* spool.append(pushOf([raw("a")]))
        const error = yield* inRun(folder, () => Effect.void).pipe(
          Effect.flip,
          Effect.provide(NodeServices.layer),
        )
        assert.include(error.message, "Another Waybill")
      }),
    ))

  it.effect("forgets a channel that nobody uses", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const context = yield* Layer.build(spoolIn(folder, { channelIdle: Duration.minutes(10) }))
      const spool = Context.get(context, Spool)
      yield* spool.append(pushOf([raw("a")], { channel: CHANNEL }))
      yield* TestClock.adjust("11 minutes")
      yield* spool.append(pushOf([raw("b")]))
      yield* spool.settled("main", 2)
      assert.deepStrictEqual([...(yield* spool.acks("main", CHANNEL, [0])).values()], [false])
      assert.strictEqual(yield* spool.append(pushOf([raw("c")], { channel: CHANNEL })), 0)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), withoutLogs),
  )

  test("wakes who waits for more, and only by records of its sender", (folder) =>
    inRun(folder, (spool) =>
      Effect.gen(function* () {
        const waiting = yield* Effect.forkChild(spool.arrived("main", 0))
        yield* spool.append(pushOf([raw("a")], { sender: "other" }))
        assert.isUndefined(waiting.pollUnsafe())
        yield* spool.append(pushOf([raw("b")]))
        yield* Fiber.join(waiting)
      }),
    ))

  it.live("accepts nothing while the disk takes nothing, and goes on when it does", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const context = yield* Layer.build(
        spoolLayer({
          folder,
          maxBytes: 1e9,
          maxEvents: 1e9,
          channelIdle: Duration.hours(1),
          settledUpTo: () => Effect.succeed(0),
          senders: ["main"],
          // What a full disk does: SQLite says SQLITE_FULL at the first page beyond this.
          maxPages: 20,
        }),
      )
      const spool = Context.get(context, Spool)
      yield* spool.append(pushOf([raw("small")]))
      const error = yield* Effect.flip(spool.append(pushOf([raw("x".repeat(200_000))])))
      assert.strictEqual(error._tag, "SpoolFailed")
      assert.deepStrictEqual(yield* texts(spool), [["small", 1]])
      assert.strictEqual(spool.stats().events, 1)
      yield* spool.append(pushOf([raw("small again")]))
      assert.strictEqual((yield* texts(spool)).length, 2)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), withoutLogs),
  )
})
