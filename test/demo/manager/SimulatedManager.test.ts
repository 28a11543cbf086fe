import { stat } from "node:fs/promises"
import { connect as connectStream } from "node:net"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { QUEUE_SIZE } from "../../../src/demo/manager/inputProtocol.ts"
import { makeSimulatedManager, type SimulatedManager } from "../../../src/demo/manager/SimulatedManager.ts"
import { connectDatagram } from "../../../src/writers/socket/libc.ts"
import { flowMessage, flowMessages, makeSender } from "./sender.ts"

const withManager = (serviceRate: number, keepStatsOpen = false) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "wb-" })
    return yield* makeSimulatedManager({ folder, seed: 1, serviceRate, swaps: 0.06, keepStatsOpen })
  })

const live = <E>(name: string, test: () => Effect.Effect<void, E, never>) => it.live(name, test)
const provided = Effect.provide(NodeServices.layer)

const until = (condition: Effect.Effect<boolean>) =>
  Effect.sleep("10 millis").pipe(
    Effect.andThen(condition),
    Effect.repeat({ while: (met) => !met }),
    Effect.timeout("20 seconds"),
  )
const received = (manager: SimulatedManager, count: number) =>
  until(Effect.map(manager.counters, (counters) => counters.received >= count))
const idle = (manager: SimulatedManager) =>
  until(Effect.map(manager.counters, ({ queued, decoded }) => queued === 0 && decoded > 0))
const alertLines = (manager: SimulatedManager) =>
  Effect.map(manager.alerts.read(0, 1 << 30), (bytes) =>
    bytes
      .toString()
      .split("\n")
      .filter((line) => line !== ""),
  )

const frame = (value: unknown) => {
  const body = Buffer.from(JSON.stringify(value))
  const header = Buffer.alloc(4)
  header.writeUInt32LE(body.length)
  return Buffer.concat([header, body])
}
/** Sends requests on one connection; answers the replies and whether the peer closed after them. */
const ask = (path: string, requests: ReadonlyArray<unknown>, waitForClose: boolean) =>
  Effect.callback<ReadonlyArray<unknown>>((resume) => {
    const socket = connectStream(path)
    const replies: Array<unknown> = []
    let pending = Buffer.alloc(0)
    const finish = () => {
      socket.destroy()
      resume(Effect.succeed(replies))
    }
    socket.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32LE(0)) {
        const length = pending.readUInt32LE(0)
        replies.push(JSON.parse(pending.toString("utf8", 4, 4 + length)))
        pending = pending.subarray(4 + length)
        const next = requests[replies.length]
        if (next !== undefined && !waitForClose) socket.write(frame(next))
        if (replies.length === requests.length && !waitForClose) finish()
      }
    })
    socket.on("close", finish)
    socket.write(frame(requests[0]))
  })

const GETSTATS = { version: 1, origin: { module: "test" }, command: "getstats", parameters: {} }

describe("the simulated manager", () => {
  live("takes a burst of 16,000 whole while it decodes slowly", () =>
    Effect.gen(function* () {
      const manager = yield* withManager(100)
      const sender = yield* makeSender(manager.socketPath)
      assert.strictEqual(yield* sender.send(flowMessages(16_000)), "sent")
      yield* received(manager, 16_000)
      assert.strictEqual((yield* manager.counters).dropped, 0)
    }).pipe(Effect.scoped, provided),
  )

  live("drops what a queue of 16,384 can't take, with every send a success and one line in its log", () =>
    Effect.gen(function* () {
      const manager = yield* withManager(100)
      yield* manager.pause
      const sender = yield* makeSender(manager.socketPath)
      assert.strictEqual(yield* sender.send(flowMessages(20_000)), "sent")
      yield* received(manager, 20_000)
      const { dropped, queued } = yield* manager.counters
      assert.strictEqual(queued, QUEUE_SIZE)
      assert.strictEqual(dropped, 20_000 - QUEUE_SIZE)
      yield* Effect.sleep("20 millis")
      assert.strictEqual((yield* manager.log).filter((line) => line.includes("queue is full")).length, 1)
      yield* manager.setServiceRate(Infinity)
      yield* manager.resume
      yield* idle(manager)
      assert.strictEqual((yield* alertLines(manager)).length, QUEUE_SIZE)
    }).pipe(Effect.scoped, provided),
  )

  live("cuts a message at 65,535 bytes, ends it at a NUL, and then decodes nothing, without a word", () =>
    Effect.gen(function* () {
      const manager = yield* withManager(Infinity)
      const sender = yield* makeSender(manager.socketPath)
      const room = 65_535 - flowMessage(1, { pad: "" }).length
      const fits = flowMessage(1, { pad: "x".repeat(room) })
      const tooLong = flowMessage(2, { pad: "x".repeat(room + 1) })
      assert.strictEqual(Buffer.byteLength(fits), 65_535)
      const withNul = Buffer.from(flowMessage(3).replace("firewalla-msp", "fire\0walla"))
      const endedByNul = `${flowMessage(4)}\0 and what is never read`
      assert.strictEqual(yield* sender.send([fits, tooLong, withNul, endedByNul]), "sent")
      yield* received(manager, 4)
      yield* idle(manager)
      const ids = (yield* alertLines(manager)).map((line) => JSON.parse(line).data.event_id)
      assert.deepStrictEqual(ids.toSorted(), ["id-1", "id-4"])
      assert.strictEqual((yield* manager.counters).bytes, 65_535 * 2 + withNul.length + endedByNul.length)
    }).pipe(Effect.scoped, provided),
  )

  live("works at its service rate", () =>
    Effect.gen(function* () {
      const manager = yield* withManager(1000)
      const sender = yield* makeSender(manager.socketPath)
      yield* sender.send(flowMessages(5_000))
      const before = (yield* manager.counters).decoded
      yield* Effect.sleep("2 seconds")
      const done = (yield* manager.counters).decoded - before
      assert.isAbove(done, 1_700)
      assert.isBelow(done, 2_300)
    }).pipe(Effect.scoped, provided),
  )

  live("loses its queue when it is killed; an old sender is refused, then unconnected", () =>
    Effect.gen(function* () {
      const manager = yield* withManager(100)
      const old = yield* makeSender(manager.socketPath)
      yield* old.send(flowMessages(5_000))
      yield* manager.kill
      assert.strictEqual(yield* old.send(["x"]), "ECONNREFUSED")
      assert.strictEqual(connectDatagram(manager.socketPath), "ECONNREFUSED", "the file stays after a kill")
      yield* manager.start
      assert.strictEqual(yield* old.send(["x"]), "ENOTCONN", "the new socket is not the old one")
      assert.strictEqual((yield* manager.counters).received, 0)
      const fresh = yield* makeSender(manager.socketPath)
      yield* manager.setServiceRate(Infinity)
      yield* fresh.send(flowMessages(10, 9_000))
      yield* received(manager, 10)
      yield* idle(manager)
      const lines = yield* alertLines(manager)
      assert.isBelow(lines.length, 1_000)
      assert.strictEqual(lines.filter((line) => line.includes("id-900")).length, 10)
    }).pipe(Effect.scoped, provided),
  )

  live("works off everything on a graceful stop, even with a sender at work, then has no sockets", () =>
    Effect.gen(function* () {
      const manager = yield* withManager(20_000)
      const sender = yield* makeSender(manager.socketPath)
      let sent = 0
      const sending = yield* Effect.forkChild(
        Effect.gen(function* () {
          while ((yield* sender.send([flowMessage(sent)])) === "sent") {
            sent += 1
            if (sent % 100 === 0) yield* Effect.sleep("1 millis")
          }
        }),
      )
      yield* Effect.sleep("300 millis")
      yield* manager.stopGracefully
      yield* Effect.sleep("10 millis")
      assert.isTrue(sending.pollUnsafe() !== undefined, "the sender has met an error")
      assert.isAbove(sent, 1_000)
      assert.strictEqual((yield* alertLines(manager)).length, sent, "every accepted event has its alert")
      assert.strictEqual(connectDatagram(manager.socketPath), "ENOENT")
      const stats = yield* Effect.promise(() => stat(manager.statsPath).catch(() => undefined))
      assert.isUndefined(stats)
    }).pipe(Effect.scoped, provided),
  )

  live("answers getstats as the daemon does, then closes", () =>
    Effect.gen(function* () {
      const manager = yield* withManager(100)
      yield* manager.pause
      const sender = yield* makeSender(manager.socketPath)
      yield* sender.send(flowMessages(8_192 + QUEUE_SIZE))
      yield* received(manager, 8_192 + QUEUE_SIZE)
      const [reply] = yield* ask(manager.statsPath, [GETSTATS], true)
      assert.nestedPropertyVal(reply, "error", 0)
      assert.nestedPropertyVal(reply, "message", "ok")
      assert.nestedPropertyVal(reply, "data.name", "wazuh-analysisd")
      assert.nestedPropertyVal(reply, "data.metrics.queues.others.usage", 1)
      assert.nestedPropertyVal(reply, "data.metrics.queues.others.size", QUEUE_SIZE)
      const dropped = "data.metrics.events.received_breakdown.dropped_breakdown.modules_breakdown"
      assert.nestedPropertyVal(reply, `${dropped}.logcollector_breakdown.others`, 8_192)
      assert.nestedPropertyVal(reply, "data.metrics.events.received", 8_192 + QUEUE_SIZE)
      const [refusal] = yield* ask(manager.statsPath, [{ version: 1, command: "nonsense" }], true)
      assert.nestedPropertyVal(refusal, "error", 3)
    }).pipe(Effect.scoped, provided),
  )

  live("can keep a statistics connection open", () =>
    Effect.gen(function* () {
      const manager = yield* withManager(100, true)
      const replies = yield* ask(manager.statsPath, [GETSTATS, GETSTATS, GETSTATS], false)
      assert.strictEqual(replies.length, 3)
    }).pipe(Effect.scoped, provided),
  )

  live("drops a share at random, hidden from its statistics or not", () =>
    Effect.gen(function* () {
      const manager = yield* withManager(Infinity)
      const sender = yield* makeSender(manager.socketPath)
      yield* manager.dropRandomly(0.1)
      yield* sender.send(flowMessages(5_000))
      yield* received(manager, 5_000)
      yield* idle(manager)
      const alerts = (yield* alertLines(manager)).length
      assert.isAbove(alerts, 4_350)
      assert.isBelow(alerts, 4_650)
      assert.strictEqual((yield* manager.counters).dropped, 0)
      yield* manager.dropRandomly(1, true)
      yield* sender.send(flowMessages(100))
      yield* until(Effect.map(manager.counters, (counters) => counters.dropped === 100))
    }).pipe(Effect.scoped, provided),
  )
})
