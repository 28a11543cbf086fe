import { chmodSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import koffi from "koffi"
import { Pacing } from "../../../src/writers/Pacing.ts"
import { type SocketWriterOptions, socketWriterLayer } from "../../../src/writers/socket/SocketWriter.ts"
import { Writer } from "../../../src/writers/Writer.ts"
import { Peer, suite } from "../../contracts/Writer.ts"
import { makeReceiver, temporaryFolder } from "./receiver.ts"

const HEADER = "1:waybill:waybill: "

const unpaced = Layer.succeed(
  Pacing,
  Pacing.of({ permits: (wanted) => Effect.succeed(Math.min(wanted, 1000)), queueUsage: Effect.undefined }),
)

const makeWriter = (path: string, more: Partial<SocketWriterOptions> = {}) =>
  Layer.build(
    socketWriterLayer({ path, location: "waybill", sendTimeout: "5 seconds", ...more }).pipe(
      Layer.provide(unpaced),
    ),
  ).pipe(Effect.map((context) => Context.get(context, Writer)))

const setUp = Effect.fnUntraced(function* (more: Partial<SocketWriterOptions> = {}) {
  const path = join(yield* temporaryFolder, "queue")
  const receiver = yield* makeReceiver(path)
  return { path, receiver, writer: yield* makeWriter(path, more) }
})

const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `{"n":${from + index},"fill":"${"x".repeat(700)}"}`)
const written = (events: ReadonlyArray<string>) => events.map((event) => HEADER + event)

const NOBODY = 65_534
/** The user that this thread is to the file system; -1 changes nothing. Answers the one before. */
const becomeForFiles: (uid: number) => number = koffi.load(null).func("int setfsuid(int uid)")

const withPeer = Layer.effectContext(
  Effect.gen(function* () {
    const { receiver, writer } = yield* setUp()
    const peer = Peer.of({
      events: (count) =>
        Effect.map(receiver.waitFor(count), (messages) =>
          messages.map((message) => message.slice(HEADER.length)),
        ),
      goAway: Effect.sync(receiver.close),
      comeBack: Effect.sync(receiver.open),
    })
    return Context.make(Writer, writer).pipe(Context.add(Peer, peer))
  }),
)

suite("socket writer", withPeer)

describe("socket writer on a real socket", () => {
  it.live("100,000 messages arrive intact and in order", () =>
    Effect.gen(function* () {
      const { receiver, writer } = yield* setUp()
      const events = numbered(100_000)
      yield* writer.write(events)
      const messages = yield* receiver.waitFor(events.length)
      assert.strictEqual(messages.length, events.length)
      assert.isTrue(messages.every((message, index) => message === HEADER + events[index]))
    }),
  )

  it.live("a receiver that stops reading for a while loses nothing", () =>
    Effect.gen(function* () {
      const { receiver, writer } = yield* setUp()
      receiver.pause()
      const events = numbered(2000)
      const fiber = yield* Effect.forkChild(writer.write(events))
      yield* Effect.sleep("300 millis")
      assert.strictEqual(receiver.messages.length, 0)
      receiver.resume()
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* receiver.waitFor(2000), written(events))
    }),
  )

  it.live("a receiver that never reads fails as timed-out, with what its socket has taken", () =>
    Effect.gen(function* () {
      const { receiver, writer } = yield* setUp({ sendTimeout: "250 millis" })
      receiver.pause()
      const events = numbered(2000)
      const error = yield* Effect.flip(writer.write(events))
      assert.strictEqual(error.reason, "timed-out")
      assert.isAbove(error.handedOver, 0)
      receiver.resume()
      assert.deepStrictEqual(
        yield* receiver.waitFor(error.handedOver),
        written(events.slice(0, error.handedOver)),
      )
      yield* writer.write(events.slice(error.handedOver))
      assert.deepStrictEqual(yield* receiver.waitFor(2000), written(events))
    }),
  )

  it.live("after a restart of the receiver every send goes to the new inode", () =>
    Effect.gen(function* () {
      const { receiver, writer } = yield* setUp()
      yield* writer.write(numbered(500))
      yield* receiver.waitFor(500)
      receiver.close()
      receiver.open()
      yield* writer.write(numbered(500, 500))
      assert.deepStrictEqual(yield* receiver.waitFor(1000), written(numbered(1000)))
      assert.deepStrictEqual(receiver.perInode, [500, 500])
    }),
  )

  it.live("a restart within the quick tries is bridged without a failure", () =>
    Effect.gen(function* () {
      const { receiver, writer } = yield* setUp()
      yield* writer.write(numbered(10))
      yield* receiver.waitFor(10)
      receiver.close()
      const fiber = yield* Effect.forkChild(writer.write(numbered(10, 10)))
      yield* Effect.sleep("200 millis")
      receiver.open()
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* receiver.waitFor(20), written(numbered(20)))
    }),
  )

  it.live("a receiver that dies while a send waits: handedOver counts what its socket had taken", () =>
    Effect.gen(function* () {
      const { path, receiver, writer } = yield* setUp()
      receiver.pause()
      const fiber = yield* Effect.forkChild(Effect.flip(writer.write(numbered(2000))))
      yield* Effect.sleep("100 millis")
      receiver.close()
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason, "refused")
      assert.isAbove(error.handedOver, 0)
      assert.isBelow(error.handedOver, 2000)
      assert.include(error.message, path)
      receiver.open()
      yield* writer.write(numbered(2000 - error.handedOver, error.handedOver))
      assert.deepStrictEqual(
        yield* receiver.waitFor(2000 - error.handedOver),
        written(numbered(2000).slice(error.handedOver)),
      )
    }),
  )

  it.live("no socket file is `missing`, after the three quick tries", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "queue")
      const writer = yield* makeWriter(path)
      const startedAt = performance.now()
      const error = yield* Effect.flip(writer.write(["{}"]))
      assert.strictEqual(error.reason, "missing")
      assert.strictEqual(error.handedOver, 0)
      assert.isAtLeast(performance.now() - startedAt, 695)
      assert.include(error.message, path)
    }),
  )

  it.live("a socket of another user is `forbidden`, and says whom to run as", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = join(folder, "queue")
      yield* makeReceiver(path)
      chmodSync(folder, 0o755)
      chmodSync(path, process.getuid?.() === 0 ? 0o600 : 0o000)
      const writer = yield* makeWriter(path)
      // Root may write to everything, so this thread becomes nobody for the one try.
      const error = yield* Effect.acquireUseRelease(
        Effect.sync(() => becomeForFiles(process.getuid?.() === 0 ? NOBODY : -1)),
        () => Effect.flip(writer.write(["{}"])),
        (before) => Effect.sync(() => becomeForFiles(before)),
      )
      assert.strictEqual(error.reason, "forbidden")
      assert.include(error.message, "999")
    }),
  )

  it.live("a message of 65,535 bytes passes whole, 65,536 are refused, in bytes and not in characters", () =>
    Effect.gen(function* () {
      const { receiver, writer } = yield* setUp()
      assert.strictEqual(writer.maxBytes, 65_535 - HEADER.length)
      const euros = "€".repeat(Math.floor(writer.maxBytes / 3))
      const exact = euros + "x".repeat(writer.maxBytes - Buffer.byteLength(euros))
      yield* writer.write([exact])
      const error = yield* Effect.flip(writer.write([`${exact}x`]))
      assert.strictEqual(error.reason, "too-long")
      const [message] = yield* receiver.waitFor(1)
      assert.strictEqual(Buffer.byteLength(message ?? ""), 65_535)
      assert.strictEqual(message, HEADER + exact)
    }),
  )

  it.live("a short message after a long one carries nothing of it", () =>
    Effect.gen(function* () {
      const { receiver, writer } = yield* setUp()
      yield* writer.write([`{"long":"${"x".repeat(9000)}"}`, "{}"])
      assert.strictEqual((yield* receiver.waitFor(2))[1], `${HEADER}{}`)
    }),
  )

  it.live("the location is escaped as Wazuh reads it", () =>
    Effect.gen(function* () {
      const { receiver, writer } = yield* setUp({ location: "home:fw|1" })
      yield* writer.write(["{}"])
      assert.deepStrictEqual(yield* receiver.waitFor(1), ["1:home|:fw||1:waybill: {}"])
    }),
  )

  it.live("a path of over 107 bytes is refused with a reason", () =>
    Effect.gen(function* () {
      const writer = yield* makeWriter(`/tmp/${"x".repeat(120)}`)
      const error = yield* Effect.flip(writer.write(["{}"]))
      assert.include(error.message, "107")
    }),
  )

  it.live("two feeds take turns by chunks", () =>
    Effect.gen(function* () {
      const { receiver, writer } = yield* setUp()
      const feed = (name: string) => Array.from({ length: 5000 }, (_, index) => `{"${name}":${index}}`)
      yield* Effect.all([writer.write(feed("a")), writer.write(feed("b"))], { concurrency: "unbounded" })
      const order = (yield* receiver.waitFor(10_000)).map((message) => message.at(HEADER.length + 2))
      const turns = order.filter((name, index) => name !== order[index - 1]).length
      assert.strictEqual(turns, 10)
    }),
  )

  it.live("a send that waits can be interrupted, within a second", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "queue")
      const receiver = yield* makeReceiver(path)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const writer = yield* makeWriter(path, { sendTimeout: "1 minute" })
          receiver.pause()
          const fiber = yield* Effect.forkChild(writer.write(numbered(2000)))
          yield* Effect.sleep("50 millis")
          const startedAt = performance.now()
          yield* Fiber.interrupt(fiber)
          assert.isBelow(performance.now() - startedAt, 1500)
        }),
      )
    }),
  )

  it.live("after its scope a writer neither sends nor opens anything", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "queue")
      const receiver = yield* makeReceiver(path)
      const openFiles = () => readdirSync("/proc/self/fd").length
      const before = openFiles()
      const writer = yield* Effect.scoped(Effect.tap(makeWriter(path), (open) => open.write(["{}"])))
      assert.strictEqual(openFiles(), before)
      const error = yield* Effect.flip(writer.write(["{}"]))
      assert.strictEqual(error.reason, "failed")
      assert.strictEqual(openFiles(), before)
      assert.strictEqual((yield* receiver.waitFor(1)).length, 1)
    }),
  )
})
