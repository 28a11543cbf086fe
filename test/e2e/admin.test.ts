/** The admin API of `waybill run`, from its start with nothing to lean on to the end of its drain. */
import { createServer, type Server } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, FileSystem, Schema } from "effect"
import { send } from "../admin/http.ts"
import { onStage, type Stage, TEST_TIMEOUT } from "./world.ts"

const COUNT = 300
const TOKEN = "a-token-that-nobody-guesses"

const decodeHealth = Schema.decodeUnknownSync(
  Schema.Struct({ processed: Schema.Int, failed: Schema.Int, stored: Schema.Int, dlq_written: Schema.Int }),
)
const decodeReady = Schema.decodeUnknownSync(
  Schema.Struct({
    ready: Schema.Boolean,
    parts: Schema.Array(Schema.Struct({ part: Schema.String, ready: Schema.Boolean })),
  }),
)

/** The admin API of the process whose log this is, as soon as it listens. */
const adminOf = Effect.fnUntraced(function* (stage: Stage) {
  yield* stage.hasLine("admin.listening")
  const line = (yield* stage.lines).findLast(({ event }) => event === "admin.listening")
  const port = Number(new URL(String(line?.address)).port)
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" }
  const ask = (path: string, method = "GET", body = "") => send(port, path, { method, headers, body })
  return {
    port,
    ask,
    health: Effect.map(ask("/healthz"), ({ json }) => decodeHealth(json)),
    notReady: Effect.map(ask("/readyz"), ({ json }) =>
      decodeReady(json)
        .parts.filter(({ ready }) => !ready)
        .map(({ part }) => part),
    ),
  }
})

/** Somebody else's server on a port of 127.0.0.1. */
const listening = Effect.callback<Server>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
})

describe("the admin API of a run", () => {
  it.live(
    "answers while the start waits for the indexer, counts what is delivered, and answers until the drain is over",
    () =>
      onStage({ flows: { count: COUNT, span: "30 hours" }, set: { "admin.token": TOKEN } }, (stage) =>
        Effect.gen(function* () {
          yield* stage.indexer.goDown
          const waybill = yield* stage.start
          const { ask, health, notReady, port } = yield* adminOf(stage)
          assert.deepStrictEqual(yield* health, { processed: 0, failed: 0, stored: 0, dlq_written: 0 })
          assert.deepStrictEqual(yield* notReady, ["run", "indexer"])
          assert.strictEqual((yield* send(port, "/api/v1/feeds")).status, 401)

          yield* stage.indexer.comeBack
          yield* stage.arrived
          yield* stage.until(
            "everything is confirmed",
            Effect.map(health, ({ stored }) => stored === COUNT),
          )
          yield* stage.until(
            "every part is ready",
            Effect.map(notReady, (parts) => parts.length === 0),
          )
          assert.deepStrictEqual(yield* health, {
            processed: COUNT,
            failed: 0,
            stored: COUNT,
            dlq_written: 0,
          })
          const { json } = yield* ask("/api/v1/feeds")
          assert.deepNestedInclude(json, {
            "feeds[0].feed": "firewalla-msp/flows",
            "feeds[0].counts.confirmed": COUNT,
            "feeds[0].counts.outstanding": 0,
            "feeds[0].checkpoint.kind": "time",
            "feeds[0].last_error": null,
          })
          assert.include((yield* ask("/metrics")).text, "waybill_events_total")

          yield* stage.world.shipper.pause
          const now = yield* Clock.currentTimeMillis
          for (let n = 0; n < 20; n++) stage.world.msp.flows.append(now)
          yield* stage.until(
            "something is on its way",
            Effect.map(health, ({ processed, stored }) => processed > stored),
          )
          const stopping = yield* Effect.forkChild(waybill.stop)
          yield* stage.hasLine("run.draining")
          assert.include(yield* notReady, "run")
          yield* stage.world.shipper.resume
          yield* Fiber.join(stopping)
          assert.strictEqual(yield* waybill.exitCode, 0)
          assert.strictEqual((yield* Effect.exit(ask("/healthz")))._tag, "Failure")
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "lists what could not be delivered, sends it again when it can, and removes it when a search has returned it",
    () =>
      onStage(
        {
          flows: { count: COUNT, span: "30 hours" },
          set: { "admin.token": TOKEN, "verify.max_attempts": 2 },
        },
        (stage) =>
          Effect.gen(function* () {
            yield* stage.indexer.refuseByMapping(1 / 5)
            const waybill = yield* stage.start
            const { ask, health } = yield* adminOf(stage)
            yield* stage.until(
              "every record is searchable or dead",
              Effect.map(health, ({ failed, stored }) => failed + stored === COUNT),
            )
            const { failed } = yield* health
            const page = yield* ask("/api/v1/dlq?reason=verification_failed&limit=1000")
            assert.strictEqual(page.text.match(/"reason":"verification_failed"/g)?.length, failed)
            assert.deepInclude(page.json, { count: failed })

            yield* stage.indexer.refuseByMapping(0)
            const replayed = yield* ask("/api/v1/dlq/replay", "POST", '{"reason":"verification_failed"}')
            assert.deepInclude(replayed.json, { taken: failed, delivered: failed, failed: 0, complete: true })
            assert.deepStrictEqual((yield* ask("/api/v1/dlq")).json, { events: [], count: 0 })
            const fs = yield* FileSystem.FileSystem
            assert.deepStrictEqual(yield* fs.readDirectory(`${stage.world.folder}/dlq`), [])
            assert.strictEqual((yield* health).stored, COUNT)
            assert.strictEqual((yield* stage.equation).searchable, COUNT)
            yield* waybill.stop
            assert.strictEqual(yield* waybill.exitCode, 0)
            assert.strictEqual(yield* stage.copies, COUNT)
            assert.deepStrictEqual(stage.ahead, [])
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "that cannot listen ends the run, with the address and what to do in the log",
    () =>
      Effect.gen(function* () {
        const taken = yield* Effect.acquireRelease(listening, (server) => Effect.sync(() => server.close()))
        const address = taken.address()
        const port = typeof address === "object" ? (address?.port ?? 0) : 0
        yield* onStage({ flows: { count: 10, span: "1 hour" }, set: { "admin.port": port } }, (stage) =>
          Effect.gen(function* () {
            const waybill = yield* stage.start
            assert.strictEqual(yield* waybill.exitCode, 1)
            const failed = (yield* stage.lines).find(({ event }) => event === "run.failed")
            assert.include(JSON.stringify(failed), `127.0.0.1:${port}: EADDRINUSE`)
            assert.strictEqual(yield* stage.countLines("poll.started"), 0)
          }),
        )
      }).pipe(Effect.scoped),
    TEST_TIMEOUT,
  )
})
