import { createServer, type Socket } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { serveFramed } from "../../../src/demo/manager/framedSocket.ts"
import { answerRequest } from "../../../src/demo/manager/stats.ts"
import { decodeStats, readManagerStats } from "../../../src/writers/pacing/ManagerStats.ts"
import { frame } from "../../../src/writers/pacing/managerSocket.ts"
import { temporaryFolder } from "../socket/receiver.ts"

/** Parts of an answer as src/analysisd/state.c makes it. */
const answer = {
  error: 0,
  message: "ok",
  data: {
    uptime: 1_790_000_000,
    timestamp: 1_790_000_100,
    name: "wazuh-analysisd",
    metrics: {
      bytes: { received: 123 },
      events: {
        processed: 9,
        received: 12,
        received_breakdown: {
          decoded_breakdown: { agent: 0 },
          dropped_breakdown: {
            agent: 0,
            modules_breakdown: {
              aws: 0,
              logcollector_breakdown: { eventchannel: 0, eventlog: 0, macos: 0, others: 77 },
            },
          },
        },
        written_breakdown: { alerts: 5 },
      },
      queues: { alerts: { size: 16_384, usage: 0 }, others: { size: 16_384, usage: 0.25 } },
    },
  },
}
const known = { size: 16_384, usage: 0.25, dropped: 77, startedAt: 1_790_000_000 }

/** A stream server that does `serve` with each connection. */
const server = Effect.fnUntraced(function* (serve: (socket: Socket) => void) {
  const path = join(yield* temporaryFolder, "analysis")
  yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const listening = createServer((socket) => {
        socket.on("error", () => socket.destroy())
        serve(socket)
      })
      listening.listen(path, () => resume(Effect.succeed(listening)))
    }),
    (listening) => Effect.sync(() => listening.close()),
  )
  return path
})

const reasonOf = (path: string) =>
  Effect.map(Effect.flip(readManagerStats(path, "200 millis")), (error) => {
    assert.include(error.message, path)
    return error.reason
  })

describe("manager statistics", () => {
  it.live("are read from an answer that comes byte by byte, and the question is framed", () =>
    Effect.gen(function* () {
      let asked = Buffer.alloc(0)
      const path = yield* server((socket) =>
        socket.on("data", (chunk: Buffer) => {
          asked = Buffer.concat([asked, chunk])
          const bytes = frame(answer)
          let at = 0
          const timer = setInterval(() => {
            socket.write(bytes.subarray(at, at + 100))
            at += 100
            if (at >= bytes.length) {
              clearInterval(timer)
              socket.end()
            }
          }, 1)
        }),
      )
      assert.deepStrictEqual(yield* readManagerStats(path, "2 seconds"), known)
      assert.strictEqual(asked.readUInt32LE(), asked.length - 4)
      assert.deepStrictEqual(JSON.parse(asked.toString("utf8", 4)), {
        version: 1,
        origin: { module: "waybill" },
        command: "getstats",
        parameters: {},
      })
    }),
  )

  it.live("a peer that keeps its connection open is read as well, and left", () =>
    Effect.gen(function* () {
      let closed = 0
      const path = yield* server((socket) => {
        socket.on("close", () => {
          closed += 1
        })
        socket.on("data", () => socket.write(frame(answer)))
      })
      yield* readManagerStats(path, "2 seconds")
      yield* readManagerStats(path, "2 seconds")
      yield* Effect.sleep("20 millis")
      assert.strictEqual(closed, 2)
    }),
  )

  it.live("the simulated manager answers what is read here", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "analysis")
      yield* serveFramed(path, (request) => answerRequest(request, () => answer), false)
      assert.deepStrictEqual(yield* readManagerStats(path, "2 seconds"), known)
    }),
  )

  it.live("failures are told apart", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reasonOf(join(yield* temporaryFolder, "nothing")), "missing")
      assert.strictEqual(yield* reasonOf(yield* server((socket) => socket.resume())), "timed-out")
      assert.strictEqual(yield* reasonOf(yield* server((socket) => socket.resume().end())), "invalid")
      const announce = yield* server((socket) => socket.write(Buffer.from([0, 0, 0, 0x70])))
      assert.strictEqual(yield* reasonOf(announce), "invalid")
      const refuse = yield* server((socket) => socket.end(frame({ error: 9, message: "busy", data: {} })))
      assert.strictEqual(yield* reasonOf(refuse), "invalid")
    }),
  )

  it.effect.each([
    { title: "not JSON", text: "{" },
    { title: "no queue of ours", text: JSON.stringify({ error: 0, data: { metrics: { queues: {} } } }) },
    { title: "a usage in per cent", text: JSON.stringify(answer).replace('"usage":0.25', '"usage":25') },
  ])("$title is invalid", ({ text }) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(decodeStats(text, "/sock"))).reason, "invalid")
    }),
  )

  it.effect("a counter that is missing counts as 0", () =>
    Effect.gen(function* () {
      const bare = { error: 0, data: { metrics: { queues: answer.data.metrics.queues } } }
      const stats = yield* decodeStats(JSON.stringify(bare), "/sock")
      assert.deepStrictEqual(stats, { ...known, dropped: 0, startedAt: 0 })
    }),
  )
})
