import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { StatusEvents } from "../../src/status/StatusEvents.ts"
import { Writer, WriterError } from "../../src/writers/Writer.ts"
import { eventsOf, type LogLine, recordLogs } from "../support/logRecorder.ts"

const scene = () => {
  const lines: Array<LogLine> = []
  const written: Array<string> = []
  const writer = { away: false }
  const away = new WriterError({ reason: "missing", handedOver: 0, message: "The manager is away." })
  const layer = StatusEvents.layer.pipe(
    Layer.provide(
      Layer.succeed(Writer, {
        kind: "socket",
        maxBytes: 65_000,
        write: (events) =>
          Effect.suspend(() => {
            if (writer.away) return Effect.fail(away)
            for (const event of events) written.push(JSON.parse(event).waybill_status.message)
            return Effect.void
          }),
      }),
    ),
    Layer.provideMerge(recordLogs(lines)),
  )
  return { lines, written, writer, layer }
}

/** Emits, with the delivery running beside it. */
const beside = <A, E>(story: (events: StatusEvents["Service"]) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const events = yield* StatusEvents
    yield* Effect.forkChild(events.deliver)
    return yield* story(events)
  })

describe("StatusEvents", () => {
  it.effect("are written in order", () => {
    const { layer, written } = scene()
    return beside(
      Effect.fnUntraced(function* (events) {
        yield* events.emit("error", "one")
        yield* events.emit("heartbeat", "two")
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(written, ["one", "two"])
      }),
    ).pipe(Effect.provide(layer))
  })

  it.effect(
    "wait for a writer that is away, but for the heartbeats, which are dropped with a warning",
    () => {
      const { layer, lines, writer, written } = scene()
      return beside(
        Effect.fnUntraced(function* (events) {
          writer.away = true
          yield* events.emit("heartbeat", "dropped")
          yield* events.emit("stalled", "kept")
          yield* TestClock.adjust("1 hour")
          assert.deepStrictEqual(eventsOf(lines), ["status.dropped"])
          assert.include(lines[0]?.message, "The manager is away.")
          assert.strictEqual(yield* events.dropped, 1)
          writer.away = false
          yield* TestClock.adjust("30 seconds")
          assert.deepStrictEqual(written, ["kept"])
        }),
      ).pipe(Effect.provide(layer))
    },
  )

  it.effect("never hold up who emits them: what does not fit is dropped with a warning", () => {
    const { layer, lines, writer, written } = scene()
    return beside(
      Effect.fnUntraced(function* (events) {
        writer.away = true
        for (let n = 0; n < 150; n++) yield* events.emit("error", `${n}`)
        const dropped = yield* events.dropped
        assert.isAtLeast(dropped, 49)
        assert.strictEqual(lines.length, dropped)
        writer.away = false
        yield* Effect.repeat(TestClock.adjust("1 second"), { times: 200 })
        assert.strictEqual(written.length, 150 - dropped)
        assert.strictEqual(written[0], "0")
      }),
    ).pipe(Effect.provide(layer))
  })
})
