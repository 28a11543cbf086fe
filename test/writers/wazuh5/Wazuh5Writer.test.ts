import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { text } from "../../../src/demo/http/FaultyHttpServer.ts"
import { makeSimulatedManager5 } from "../../../src/demo/manager5/SimulatedManager5.ts"
import { defaultRetrySettings } from "../../../src/retry/decide.ts"
import { writeHolding } from "../../../src/writers/Held.ts"
import { Pacing } from "../../../src/writers/Pacing.ts"
import { Writer } from "../../../src/writers/Writer.ts"
import { type Wazuh5WriterOptions, wazuh5WriterLayer } from "../../../src/writers/wazuh5/Wazuh5Writer.ts"
import { Peer, suite } from "../../contracts/Writer.ts"
import { eventsOf, type LogLine, recordLogs, withoutLogs } from "../../support/logRecorder.ts"
import { temporaryFolder } from "../socket/receiver.ts"

const START = "E 1:way|:bill:"

const unpaced = Layer.succeed(
  Pacing,
  Pacing.of({ permits: (wanted) => Effect.succeed(wanted), queueUsage: Effect.undefined }),
)

const setUp = Effect.fnUntraced(function* (more: Partial<Wazuh5WriterOptions> = {}) {
  const socket = join(yield* temporaryFolder, "queue-http.sock")
  const indexed: Array<string> = []
  const manager = yield* makeSimulatedManager5({
    socketPath: socket,
    target: {
      index: (lines) =>
        Effect.sync(() => {
          indexed.push(...lines)
          return true
        }),
    },
  })
  const writer = yield* Layer.build(
    wazuh5WriterLayer({
      socket,
      queue: "1",
      location: "way:bill",
      agent: { id: "000", name: "waybill" },
      retry: { ...defaultRetrySettings, retryDelayMs: 10, timeoutSeconds: 1 },
      doubtfulIsTaken: true,
      ...more,
    }).pipe(Layer.provide(unpaced)),
  ).pipe(Effect.map((context) => Context.get(context, Writer)))
  const received = Effect.fnUntraced(function* (count: number) {
    while (manager.received.length < count) yield* Effect.sleep(2)
    return manager.received.map((event) => event.slice(START.length))
  })
  return { indexed, manager, received, writer }
})

const withPeer = Effect.map(setUp(), ({ manager, received, writer }) =>
  Context.make(Writer, writer).pipe(
    Context.add(Peer, Peer.of({ events: received, goAway: manager.goDown, comeBack: manager.comeBack })),
  ),
)

suite("wazuh5 writer", Layer.effectContext(withPeer))

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `{"n":${n}}`)

describe("wazuh5 writer", () => {
  it.live("events arrive under queue and location, and become documents", () =>
    Effect.gen(function* () {
      const { indexed, manager, writer } = yield* setUp()
      yield* writer.write(numbered(3))
      assert.deepStrictEqual(
        manager.received,
        numbered(3).map((event) => START + event),
      )
      while (indexed.length < 3) yield* Effect.sleep(2)
      assert.deepStrictEqual(JSON.parse(indexed[2] ?? "").decoded, { n: 2 })
    }),
  )

  it.live("an event that is refused is found among its neighbours, and given up alone", () =>
    Effect.gen(function* () {
      const { manager, received, writer } = yield* setUp()
      yield* writer.write(["{}"])
      yield* manager.refuse('"n":77}')
      const unwritable = yield* writeHolding(numbered(200), {}).pipe(Effect.provideService(Writer, writer))
      assert.deepStrictEqual(
        unwritable.map(({ index, reason }) => [index, reason]),
        [[77, "rejected"]],
      )
      assert.deepStrictEqual(yield* received(200), ["{}", ...numbered(200).filter((_, n) => n !== 77)])
    }),
  )

  it.live("a socket that has never understood a request refuses nothing for good", () =>
    Effect.gen(function* () {
      const { manager, writer } = yield* setUp()
      yield* manager.refuse("n")
      const error = yield* Effect.flip(writer.write(numbered(10)))
      assert.deepStrictEqual([error.reason, error.handedOver], ["failed", 0])
    }),
  )

  it.live("503 is held, and what was not taken is sent again", () =>
    Effect.gen(function* () {
      const { manager, received, writer } = yield* setUp()
      yield* manager.fault(text(503, ""), false)
      const error = yield* Effect.flip(writer.write(numbered(5)))
      assert.deepStrictEqual([error.reason, error.handedOver], ["refused", 0])
      yield* writer.write(numbered(5))
      assert.deepStrictEqual(yield* received(5), numbered(5))
    }),
  )

  it.live("a request that was not answered counts as written where it is searched for, and else not", () =>
    Effect.gen(function* () {
      const lines: Array<LogLine> = []
      const first = yield* setUp()
      yield* first.manager.fault({ _tag: "HangUp" }, true)
      yield* first.writer.write(["1"]).pipe(Effect.provide(recordLogs(lines)))
      assert.deepStrictEqual(eventsOf(lines), ["writer.doubtful"])
      assert.deepStrictEqual(yield* first.received(1), ["1"])
      const second = yield* setUp({ doubtfulIsTaken: false })
      yield* second.manager.fault({ _tag: "Hang" }, false)
      const error = yield* Effect.flip(second.writer.write(["1"]))
      assert.deepStrictEqual([error.reason, error.handedOver], ["timed-out", 0])
    }).pipe(withoutLogs),
  )
})
