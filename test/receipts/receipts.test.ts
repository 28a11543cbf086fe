import { DatabaseSync } from "node:sqlite"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, FileSystem, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Batch, Receipt } from "../../src/domain/Batch.ts"
import * as KeptReceipts from "../../src/receipts/keepReceipts.ts"
import { Receipts } from "../../src/receipts/Receipts.ts"
import * as ReadReceipts from "../../src/receipts/readReceipts.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"
import { batchOf, event, FLOWS, RECEIVED } from "./batches.ts"

const receiptOf = (batch: Batch, more: Partial<Receipt> = {}): Receipt => ({
  batch: batch.id,
  feed: batch.feed,
  written: batch.events.length,
  known: 0,
  dead: 0,
  duplicated: 0,
  attempts: 1,
  writtenAt: 2_000,
  confirmedAt: 9_000,
  index: undefined,
  ...more,
})

interface StageOptions {
  readonly maxBytes?: number
  readonly keep?: Duration.Input
  readonly isProven?: boolean
}

/** Receipts in a folder of the test's own; the file, the log lines, and how to begin a new run over the same folder. */
const onStage = Effect.fnUntraced(function* (options: StageOptions = {}) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" })
  const logs: Array<LogLine> = []
  const start = Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope)
    const context = yield* Layer.build(
      KeptReceipts.layer({
        folder,
        keep: Duration.fromInputUnsafe(options.keep ?? "30 days"),
        maxBytes: options.maxBytes ?? 1e9,
        isProven: options.isProven ?? true,
      }).pipe(Layer.provideMerge(recordLogs(logs))),
    ).pipe(Scope.provide(scope))
    const receipts = yield* Effect.provideContext(Receipts, context)
    const delivered = (batch: Batch, more: Partial<Receipt> = {}, deadIds: ReadonlyArray<string> = []) =>
      receipts
        .begun(batch, batch.events, 0)
        .pipe(
          Effect.andThen(receipts.written({ feed: batch.feed, batch: batch.id, attempt: 1 }, 2_000)),
          Effect.andThen(receipts.settled(receiptOf(batch, more), deadIds)),
        )
    return { ...receipts, delivered, stop: Scope.close(scope, Exit.void) }
  })
  const read = Effect.flatMap(Layer.build(ReadReceipts.layer(folder)), (context) =>
    Effect.provideContext(Receipts, context),
  )
  const events = () => logs.map((line) => line.event)
  return { fs, folder, file: `${folder}/receipts.db`, start, read, logs, events }
})

const test = (name: string, body: Effect.Effect<void, unknown, NodeServices.NodeServices | Scope.Scope>) =>
  it.effect(name, () => body.pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
/** The fiber that keeps works on real disks, beside a clock that stands still. */
const awhile = (times = 50) =>
  Effect.forEach(
    Array.from({ length: times }),
    () =>
      Effect.andThen(
        TestClock.adjust("250 millis"),
        Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 4))),
      ),
    { discard: true },
  )

describe("receipts", () => {
  test(
    "tell of a batch how far it has come, of each of its events, for whoever keeps and whoever reads them",
    Effect.gen(function* () {
      const { read, start } = yield* onStage()
      const reader = yield* read
      assert.deepStrictEqual(yield* reader.find("a"), [])
      const { begun, find, indexed, settled, written } = yield* start
      const batch = batchOf("flows-1", [event("a", RECEIVED - 5_000), event("b", RECEIVED - 1_000)])
      yield* TestClock.setTime(1_000)
      yield* begun(batch, batch.events, 3)
      const expected = {
        receipt: {
          batch: "flows-1",
          feed: FLOWS,
          state: "writing" as string,
          events: 2,
          known: 3,
          dead: 0,
          duplicated: 0,
          firstEventAt: RECEIVED - 5_000,
          lastEventAt: RECEIVED - 1_000,
          begunAt: 1_000,
          writtenAt: undefined as number | undefined,
          confirmedAt: undefined as number | undefined,
          attempts: 1,
          index: undefined as string | undefined,
        },
        receivedAt: RECEIVED,
        eventAt: RECEIVED - 5_000,
        isDead: false,
      }
      assert.deepStrictEqual<unknown>(yield* find("a"), [expected])

      yield* written({ feed: FLOWS, batch: "flows-1", attempt: 1 }, 2_000)
      yield* written({ feed: FLOWS, batch: "flows-1", attempt: 2 }, 3_000)
      Object.assign(expected.receipt, { state: "outstanding", writtenAt: 3_000, attempts: 2 })
      assert.deepStrictEqual<unknown>(yield* find("a"), [expected])
      assert.deepStrictEqual<unknown>(yield* reader.find("a"), [expected])

      const index = "wazuh-alerts-4.x-2026.02.21"
      yield* settled(receiptOf(batch, { attempts: 2, dead: 1, duplicated: 1, index }), ["b"])
      Object.assign(expected.receipt, {
        state: "confirmed",
        confirmedAt: 9_000,
        dead: 1,
        duplicated: 1,
        index,
      })
      assert.deepStrictEqual<unknown>(yield* find("a"), [expected])
      yield* indexed("flows-1", "wazuh-alerts-4.x-2026.02.22")
      expected.receipt.index = "wazuh-alerts-4.x-2026.02.22"
      assert.deepStrictEqual<unknown>(yield* find("a"), [expected])
      assert.deepStrictEqual<unknown>(yield* reader.find("a"), [expected])
      assert.deepStrictEqual(
        (yield* reader.find("b")).map(({ isDead }) => isDead),
        [true],
      )
      assert.deepStrictEqual(yield* find("c"), [])
    }),
  )

  test(
    "come in pages, newest first, of all feeds or of one",
    Effect.gen(function* () {
      const { read, start } = yield* onStage()
      const { delivered, page } = yield* start
      for (let n = 1; n <= 5; n++)
        yield* delivered(batchOf(`batch-${n}`, [event(`e${n}`)], n % 2 === 0 ? "hec/main" : FLOWS))
      const first = yield* page({ limit: 2 })
      assert.deepStrictEqual(
        first.receipts.map(({ batch }) => batch),
        ["batch-5", "batch-4"],
      )
      const reader = yield* read
      const rest = yield* reader.page({ limit: 3, cursor: first.next })
      assert.deepStrictEqual(
        rest.receipts.map(({ batch }) => batch),
        ["batch-3", "batch-2", "batch-1"],
      )
      assert.isUndefined(rest.next)
      assert.deepStrictEqual(
        (yield* reader.page({ limit: 9, feed: "hec/main" })).receipts.map(({ batch }) => batch),
        ["batch-4", "batch-2"],
      )
    }),
  )

  test(
    "of a batch with nothing to write are none, and where nobody searches none says confirmed",
    Effect.gen(function* () {
      const { start } = yield* onStage({ isProven: false })
      const { delivered, page } = yield* start
      yield* delivered(batchOf("all-known", []), { written: 0, known: 7 })
      yield* delivered(batchOf("sent", [event("a")]))
      const { receipts } = yield* page({ limit: 9 })
      assert.deepStrictEqual(
        receipts.map(({ batch, confirmedAt, state }) => ({ batch, confirmedAt, state })),
        [{ batch: "sent", confirmedAt: undefined, state: "settled" }],
      )
    }),
  )

  test(
    "are on disk when a run has stopped; what it had not settled says so in the next one",
    Effect.gen(function* () {
      const { read, start } = yield* onStage()
      const earlier = yield* start
      yield* earlier.delivered(batchOf("settled", [event("a")]))
      const open = batchOf("open", [event("b")])
      yield* earlier.begun(open, open.events, 0)
      yield* earlier.written({ feed: FLOWS, batch: "open", attempt: 1 }, 2_000)
      yield* earlier.stop
      const reader = yield* read
      const states = Effect.map(reader.page({ limit: 9 }), ({ receipts }) =>
        receipts.map(({ state }) => state),
      )
      assert.deepStrictEqual(yield* states, ["outstanding", "confirmed"])
      yield* Effect.flatMap(start, ({ find }) => find("x"))
      assert.deepStrictEqual(yield* states, ["left", "confirmed"])
    }),
  )

  test(
    "take any time that a sender may say",
    Effect.gen(function* () {
      const { start } = yield* onStage()
      const { delivered, find } = yield* start
      const times = [Number.NaN, Number.POSITIVE_INFINITY, 1e300, 1.5, -1]
      yield* delivered(
        batchOf(
          "odd",
          times.map((time, n) => event(`e${n}`, time)),
        ),
      )
      const found = yield* Effect.forEach(times, (_, n) => find(`e${n}`))
      assert.deepStrictEqual(
        found.flat().map(({ eventAt }) => eventAt),
        [0, 0, 0, 1, -1],
      )
    }),
  )

  for (const [name, text] of [
    ["that is no database", "what is this?".repeat(1000)],
    ["of another version", undefined],
  ] as const)
    test(
      `a file ${name} is set aside with a warning, and a new one is begun`,
      Effect.gen(function* () {
        const { events, file, fs, read, start } = yield* onStage()
        if (text === undefined) {
          const db = new DatabaseSync(file)
          db.exec("CREATE TABLE other(a); PRAGMA user_version=99")
          db.close()
        } else yield* fs.writeFileString(file, text)
        assert.include((yield* Effect.flip(Effect.flatMap(read, ({ find }) => find("a")))).message, file)
        const { delivered, find } = yield* start
        yield* delivered(batchOf("flows-1", [event("a")]))
        assert.lengthOf(yield* find("a"), 1)
        assert.deepStrictEqual(events(), ["receipts.set_aside"])
        assert.isTrue(yield* fs.exists(`${file}.broken`))
      }),
    )

  test(
    "a file that breaks in the middle of a run is set aside, and what came meanwhile is in the new one",
    Effect.gen(function* () {
      const { events, file, fs, start } = yield* onStage()
      const { delivered, find, stop } = yield* start
      for (let n = 0; n < 400; n++)
        yield* Effect.andThen(delivered(batchOf(`b${n}`, [event(`e${n}`)])), find(`e${n}`))
      yield* stop
      const bytes = yield* fs.readFile(file)
      yield* fs.writeFile(file, bytes.fill(0x5a, 4096))
      const next = yield* start
      yield* next.delivered(batchOf("later", [event("late")]))
      assert.lengthOf(yield* next.find("late"), 1)
      assert.include(events(), "receipts.set_aside")
    }),
  )

  test(
    "while there is no room it warns once, nothing waits for it, and it goes on when there is room",
    Effect.gen(function* () {
      const { events, fs, folder, logs, start } = yield* onStage()
      yield* fs.remove(folder, { recursive: true })
      // A file in the place of the folder: whoever runs this may be root, whom no permission stops.
      yield* fs.writeFileString(folder, "")
      const { delivered, find } = yield* start
      for (let n = 0; n < 3_000; n++) yield* delivered(batchOf(`b${n}`, [event(`e${n}`)]))
      yield* awhile()
      assert.deepStrictEqual(events(), ["receipts.failed"])
      assert.include(String(logs[0]?.message), "Delivery goes on")
      yield* fs.remove(folder)
      yield* awhile(200)
      assert.deepStrictEqual(events(), ["receipts.failed", "receipts.recovered"])
      assert.lengthOf(yield* find("e0"), 1)
      assert.lengthOf(yield* find("e2999"), 0)
    }),
  )

  test(
    "older than they are to be kept are removed, and the oldest where there are too many bytes",
    Effect.gen(function* () {
      const { file, fs, start } = yield* onStage({ keep: "1 day", maxBytes: 1_000_000 })
      const { delivered, find, page, since } = yield* start
      yield* delivered(batchOf("old", [event("old")]))
      assert.lengthOf(yield* find("old"), 1)
      yield* TestClock.adjust("25 hours")
      yield* delivered(batchOf("new", [event("new")]))
      yield* awhile()
      assert.lengthOf(yield* find("old"), 0)
      assert.lengthOf(yield* find("new"), 1)

      for (let n = 0; n < 300; n++)
        yield* delivered(
          batchOf(
            `b${n}`,
            Array.from({ length: 100 }, (_, i) => event(`event-with-a-long-id-${n}-${i}`.padEnd(64, "x"))),
          ),
        )
      yield* awhile()
      yield* TestClock.adjust("2 minutes")
      yield* delivered(batchOf("last", [event("last")]))
      yield* awhile(100)
      const { receipts } = yield* page({ limit: 1_000 })
      assert.strictEqual(receipts[0]?.batch, "last")
      assert.isBelow(receipts.length, 200)
      assert.isAbove(receipts.length, 20)
      assert.isAbove((yield* since) ?? 0, 25 * 3_600_000)
      assert.isBelow(Number((yield* fs.stat(file)).size), 4_500_000)
    }),
  )
})
