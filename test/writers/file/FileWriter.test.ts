import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer } from "effect"
import {
  type LogcollectorOptions,
  makeSimulatedLogcollector,
} from "../../../src/demo/logcollector/SimulatedLogcollector.ts"
import { LongestWait } from "../../../src/retry/LongestWait.ts"
import { type FileWriterOptions, fileWriterLayer } from "../../../src/writers/file/FileWriter.ts"
import { writeHolding } from "../../../src/writers/Held.ts"
import { Pacing } from "../../../src/writers/Pacing.ts"
import { Writer } from "../../../src/writers/Writer.ts"
import { Peer, suite } from "../../contracts/Writer.ts"
import { withoutLogs } from "../../support/logRecorder.ts"
import { makeReceiver, temporaryFolder } from "../socket/receiver.ts"
import { makeSmallDisk } from "./smallDisk.ts"

const PREFIX = "waybill: "

const unpaced = Layer.succeed(
  Pacing,
  Pacing.of({ permits: (wanted) => Effect.succeed(Math.min(wanted, 100)), queueUsage: Effect.undefined }),
)

const makeWriter = (path: string, more: Partial<FileWriterOptions> = {}) =>
  Layer.build(
    fileWriterLayer({
      path,
      maxBytes: 1_000_000,
      keep: 3,
      settle: "100 millis",
      minInterval: "300 millis",
      sync: false,
      ...more,
    }).pipe(Layer.provide(unpaced)),
  ).pipe(Effect.map((context) => Context.get(context, Writer)))

/** The writer, and a logcollector that follows its file and hands lines on to a receiver. */
const setUp = Effect.fnUntraced(function* (
  more: Partial<FileWriterOptions> = {},
  pace: Partial<LogcollectorOptions> = {},
) {
  const folder = yield* temporaryFolder
  const path = join(folder, "events", "waybill.log")
  mkdirSync(join(folder, "events"))
  const receiver = yield* makeReceiver(join(folder, "queue"))
  const logcollector = yield* makeSimulatedLogcollector({
    path,
    socketPath: join(folder, "queue"),
    readEvery: "10 millis",
    checkEvery: "80 millis",
    ...pace,
  })
  const writer = yield* makeWriter(path, more)
  yield* logcollector.start
  const header = `1:${path}:${PREFIX}`
  const received = (count: number) =>
    Effect.map(receiver.waitFor(count), (messages) => messages.map((message) => message.slice(header.length)))
  return { folder, header, logcollector, path, received, receiver, writer }
})

const withPeer = Effect.map(setUp(), ({ folder, received, writer }) => {
  const events = join(folder, "events")
  const peer = Peer.of({
    events: received,
    goAway: Effect.sync(() => renameSync(events, `${events}.away`)),
    comeBack: Effect.sync(() => mkdirSync(events)),
  })
  return Context.make(Writer, writer).pipe(Context.add(Peer, peer))
})

suite("file writer", Layer.effectContext(withPeer).pipe(Layer.provide(NodeServices.layer)))

const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `{"n":${from + index},"fill":"${"x".repeat(100)}"}`)
const linesIn = (path: string) => readFileSync(path, "utf8").split("\n")

describe("file writer", () => {
  const live = (
    title: string,
    test: Effect.Effect<void, unknown, Effect.Services<ReturnType<typeof setUp>>>,
  ) => it.live(title, () => test.pipe(withoutLogs, Effect.scoped, Effect.provide(NodeServices.layer)))

  live(
    "lines carry the decoder's prefix and the path as their location; the group may read, others not",
    Effect.gen(function* () {
      // Only root may give a file to any group.
      const group = process.getuid?.() === 0 ? 12_345 : (process.getgid?.() ?? 0)
      const { header, path, receiver, writer } = yield* setUp({ group })
      yield* writer.write(["{}"])
      assert.strictEqual(readFileSync(path, "utf8"), "waybill: {}\n")
      assert.deepStrictEqual(yield* receiver.waitFor(1), [`${header}{}`])
      assert.deepStrictEqual([statSync(path).mode & 0o777, statSync(path).gid], [0o640, group])
    }),
  )

  live(
    "rotates by size while it is written to and read, and logcollector misses no line",
    Effect.gen(function* () {
      const { folder, logcollector, received, writer } = yield* setUp({ maxBytes: 20_000, keep: 2 })
      const events = numbered(1500)
      for (let at = 0; at < events.length; at += 100) {
        yield* writer.write(events.slice(at, at + 100))
        yield* Effect.sleep("60 millis")
      }
      assert.deepStrictEqual(yield* received(events.length), events)
      assert.isAtLeast(yield* logcollector.rotationsSeen, 2)
      const names = readdirSync(join(folder, "events")).filter((name) => name !== "waybill.log")
      assert.strictEqual(names.length, 2)
    }),
  )

  // logcollector looks for a new file at any moment, also just after the rename and before it has read the rest.
  for (const [settle, isWhole] of [
    ["0 seconds", false],
    ["350 millis", true],
  ] as const) {
    live(
      `a pause of ${settle} before a rotation: ${isWhole ? "no line" : "the last lines"} of the old file missed`,
      Effect.gen(function* () {
        const slowly = { readEvery: "250 millis", checkEvery: "20 millis" } as const
        const { receiver, writer } = yield* setUp(
          { maxBytes: 1000, settle, minInterval: "40 millis" },
          slowly,
        )
        for (let n = 0; n < 4; n++) {
          yield* writer.write(numbered(20, n * 20))
          yield* Effect.sleep("50 millis")
        }
        yield* Effect.sleep("600 millis")
        const expected = numbered(80)
        const missed = expected.filter((event) => !receiver.messages.some((text) => text.endsWith(event)))
        if (isWhole) assert.deepStrictEqual(missed, [])
        else assert.isAtLeast(missed.length, 20)
      }),
    )
  }

  live(
    "a file that somebody moved away is begun anew",
    Effect.gen(function* () {
      const { path, received, writer } = yield* setUp()
      yield* writer.write(numbered(10))
      yield* received(10)
      renameSync(path, `${path}.old`)
      yield* writer.write(numbered(10, 10))
      assert.deepStrictEqual(yield* received(20), numbered(20))
    }),
  )

  live(
    "a restart goes on in the same file; a line that a crash tore is ended first",
    Effect.gen(function* () {
      const { path, receiver, writer } = yield* setUp()
      yield* writer.write(["1"])
      appendFileSync(path, 'waybill: {"torn')
      yield* (yield* makeWriter(path)).write(["2"])
      assert.deepStrictEqual(linesIn(path), ["waybill: 1", 'waybill: {"torn', "waybill: 2", ""])
      assert.strictEqual((yield* receiver.waitFor(3)).length, 3)
    }),
  )

  live(
    "analysisd or logcollector away: nothing is held, and all of it is read later",
    Effect.gen(function* () {
      const { logcollector, received, receiver, writer } = yield* setUp()
      yield* writer.write(numbered(10))
      yield* received(10)
      receiver.close()
      yield* writer.write(numbered(10, 10))
      yield* logcollector.stop
      yield* writer.write(numbered(10, 20))
      receiver.open()
      yield* logcollector.start
      assert.deepStrictEqual(yield* received(30), numbered(30))
    }),
  )

  live(
    "a folder that may not be written to is `forbidden`; one that is not there `missing`, with its path",
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const missing = yield* makeWriter(join(folder, "none", "w.log"))
      const error = yield* Effect.flip(missing.write(["{}"]))
      assert.strictEqual(error.reason, "missing")
      assert.include(error.message, join(folder, "none", "w.log"))
      writeFileSync(join(folder, "file"), "")
      chmodSync(join(folder, "file"), 0o600)
      const inFile = yield* makeWriter(join(folder, "file", "w.log"))
      assert.strictEqual((yield* Effect.flip(inFile.write(["{}"]))).reason, "failed")
      rmSync(join(folder, "file"))
    }),
  )
})

describe("file writer on a full disk", () => {
  const onSmallDisk = Effect.fnUntraced(function* () {
    const { disk, layer } = makeSmallDisk()
    const path = join(yield* temporaryFolder, "waybill.log")
    const writer = yield* makeWriter(path).pipe(Effect.provide(layer))
    return { disk, path, writer }
  })

  it.live("holds with what was whole, and ends the torn line first when there is room again", () =>
    Effect.gen(function* () {
      const { disk, path, writer } = yield* onSmallDisk()
      const [a = "", b = "", c = ""] = numbered(3)
      disk.room = `${PREFIX}${a}\n`.length + 20
      const error = yield* Effect.flip(writer.write([a, b, c]))
      assert.deepStrictEqual([error.reason, error.handedOver], ["full", 1])
      assert.include(error.message, path)
      assert.deepStrictEqual(linesIn(path), [PREFIX + a, (PREFIX + b).slice(0, 20)])
      disk.room = 5
      assert.strictEqual((yield* Effect.flip(writer.write([b, c]))).handedOver, 0)
      disk.room = Infinity
      yield* writer.write([b, c])
      assert.deepStrictEqual(linesIn(path), [PREFIX + a, PREFIX + b, PREFIX + c, ""])
    }),
  )

  it.live("another feed's turn ends the torn line; its owner does not write it twice", () =>
    Effect.gen(function* () {
      const { disk, path, writer } = yield* onSmallDisk()
      disk.room = 5
      assert.strictEqual((yield* Effect.flip(writer.write(["torn", "next"]))).handedOver, 0)
      disk.room = Infinity
      yield* writer.write(["other"])
      yield* writer.write(["torn", "next"])
      assert.deepStrictEqual(linesIn(path), ["waybill: torn", "waybill: other", "waybill: next", ""])
    }),
  )

  it.live("a disk that is full for a while: each line once, in order", () =>
    Effect.gen(function* () {
      const { disk, path, writer } = yield* onSmallDisk()
      disk.room = 3333
      const events = numbered(100)
      const writing = yield* writeHolding(events, {}).pipe(
        Effect.provideService(LongestWait, Duration.millis(20)),
        Effect.provideService(Writer, writer),
        withoutLogs,
        Effect.forkChild,
      )
      for (let n = 0; n < 10; n++) {
        yield* Effect.sleep("60 millis")
        disk.room += 777
      }
      disk.room = Infinity
      yield* Fiber.join(writing)
      assert.deepStrictEqual(linesIn(path), [...events.map((event) => PREFIX + event), ""])
      assert.isAbove(disk.writes.length, 5)
    }),
  )
})
