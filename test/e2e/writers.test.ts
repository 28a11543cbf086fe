/** The ways into Wazuh beside the socket, each with what can go wrong on it: nothing is lost, and nothing sent twice. */
import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { KEYWORDS } from "../../src/demo/indexer/document.ts"
import { makeSimulatedLogcollector } from "../../src/demo/logcollector/SimulatedLogcollector.ts"
import { makeSimulatedApi } from "../../src/demo/manager-api/SimulatedApi.ts"
import { documentOf5, SETTINGS5 } from "../../src/demo/manager5/document5.ts"
import { makeSimulatedManager5 } from "../../src/demo/manager5/SimulatedManager5.ts"
import type { World } from "../../src/demo/World.ts"
import { onStage, SLOW_MANAGER, type Stage, type StageOptions, TEST_TIMEOUT } from "./world.ts"

const LOCATION = KEYWORDS.indexOf("location")

/** A stage with something beside its world, which the story gets as well. */
const besideStage = <A, E>(
  options: StageOptions,
  make: (world: World) => Effect.Effect<readonly [A, NonNullable<StageOptions["set"]>], never, Scope.Scope>,
  story: (stage: Stage, beside: A) => ReturnType<Parameters<typeof onStage<E>>[1]>,
) => {
  let made: A | undefined
  return onStage<E>(
    {
      ...options,
      beside: (world) =>
        Effect.map(make(world), ([beside, settings]) => {
          made = beside
          return settings
        }),
    },
    (stage) => (made === undefined ? assert.fail("nothing was made beside the stage") : story(stage, made)),
  )
}

const api = (world: World) =>
  Effect.map(
    makeSimulatedApi({
      username: "waybill",
      password: "api-password",
      socketPath: world.manager.socketPath,
      requestsPerMinute: 6000,
    }),
    (server) =>
      [
        server,
        {
          "writer.kind": "api",
          "writer.api.url": server.url,
          "writer.api.username": "waybill",
          "writer.api.password": "api-password",
          "writer.api.requests_per_minute": 1200,
          "writer.api.timeout_seconds": 1,
        },
      ] as const,
  )

const file = (world: World) =>
  Effect.gen(function* () {
    const folder = join(world.folder, "events")
    const path = join(folder, "waybill.log")
    mkdirSync(folder)
    const logcollector = yield* makeSimulatedLogcollector({
      path,
      socketPath: world.manager.socketPath,
      readEvery: "20 millis",
      checkEvery: "150 millis",
    })
    const settings = {
      "writer.kind": "file",
      "writer.file.path": path,
      "writer.file.max_bytes": 200_000,
      "writer.file.settle": "300 millis",
      "writer.file.min_interval": "500 millis",
      "writer.pacing.events_per_second": 2000,
    }
    return [{ folder, path, logcollector }, settings] as const
  })

const manager5 = (world: World) =>
  Effect.gen(function* () {
    const socketPath = join(world.folder, "queue-http.sock")
    const target = {
      index: (lines: ReadonlyArray<string>) => world.indexer?.index(lines) ?? Effect.succeed(true),
    }
    const manager = yield* makeSimulatedManager5({ socketPath, target, serviceRate: 200 })
    const settings = {
      ...SETTINGS5,
      "writer.kind": "wazuh5",
      "writer.wazuh5.socket": socketPath,
      "writer.wazuh5.timeout_seconds": 1,
      "writer.pacing.events_per_second": 2000,
    }
    return [manager, settings] as const
  })

describe("through the manager's API", () => {
  it.live(
    "items that fail, tokens that end, answers that never come, analysisd and the API away",
    () =>
      besideStage({ flows: { count: 2500, span: "30 hours" }, manager: SLOW_MANAGER }, api, (stage, server) =>
        Effect.gen(function* () {
          const { manager } = stage.world
          const waybill = yield* stage.start
          yield* stage.searchable(30)
          yield* server.fault({ kind: "fail-items", every: 3, code: 1014 }, 3)
          yield* stage.hasLine("writer.holding", ({ reason }) => reason === "refused")
          yield* stage.searchable(60)
          yield* server.revokeTokens
          yield* stage.searchable(90)
          yield* stage.stopManager
          yield* stage.hasLine("writer.holding", ({ message }) => String(message).includes("wazuh-analysisd"))
          yield* manager.setServiceRate(SLOW_MANAGER.serviceRate)
          yield* manager.start
          const soFar = (yield* stage.equation).searchable
          yield* stage.searchable(soFar + 30)
          yield* server.goDown
          yield* stage.hasLine("writer.holding", ({ reason }) => reason === "missing")
          // One that was taken, and one that was lost: both count as written, and the proof tells them apart.
          yield* server.fault({ kind: "hang", taken: true }, 1, 2)
          yield* server.fault({ kind: "hang", taken: false }, 1, 2)
          yield* stage.hurry
          yield* server.comeBack
          yield* stage.endsWell(waybill)
          assert.isAtLeast(yield* stage.countLines("writer.doubtful"), 2)
          assert.isAtLeast(yield* stage.countLines("batch.lost"), 1)
          const counts = yield* server.counts
          assert.isAtLeast(counts.get("events-401") ?? 0, 1)
          assert.strictEqual(counts.get("login-401"), undefined)
          const locations = new Set(
            Array.from({ length: stage.indexer.store.size() }, (_, row) =>
              stage.indexer.store.keyword(row, LOCATION),
            ),
          )
          assert.deepStrictEqual([...locations], ["API-Webhook"])
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "its limit of requests reached by somebody else: a minute is waited out, and nothing is given up",
    () =>
      besideStage(
        { flows: { count: 1200, span: "30 hours" }, manager: SLOW_MANAGER, atMost: "100 seconds" },
        api,
        (stage, server) =>
          Effect.gen(function* () {
            const waybill = yield* stage.start
            yield* stage.searchable(30)
            yield* server.fault({ kind: "status", status: 429, code: 6005 })
            yield* stage.hasLine("writer.holding", ({ reason }) => reason === "throttled")
            yield* stage.hurry
            yield* stage.endsWell(waybill)
            assert.strictEqual((yield* server.counts).get("events-429"), 1)
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a password that is wrong: held, one login a minute, and nothing of it in the log",
    () =>
      besideStage({ flows: { count: 50, span: "30 hours" } }, api, (stage, server) =>
        Effect.gen(function* () {
          yield* server.setPassword("another")
          const waybill = yield* stage.start
          yield* stage.hasLine("writer.holding", ({ reason }) => reason === "forbidden")
          yield* Effect.sleep("3 seconds")
          assert.strictEqual((yield* server.counts).get("login-401"), 1)
          assert.notInclude(JSON.stringify(yield* stage.lines), "api-password")
          yield* waybill.kill
        }),
      ),
    TEST_TIMEOUT,
  )
})

describe("through a file", () => {
  it.live(
    "rotated while it is written, followed, killed and started again: each record once",
    () =>
      besideStage(
        { flows: { count: 2500, span: "30 hours" }, manager: SLOW_MANAGER },
        file,
        (stage, { folder, logcollector, path }) =>
          Effect.gen(function* () {
            const { manager } = stage.world
            const first = yield* stage.start
            yield* stage.until(
              "the file is there",
              Effect.sync(() => readdirSync(folder).length > 0),
            )
            yield* logcollector.start
            yield* stage.searchable(30)
            yield* stage.stopManager
            yield* Effect.sleep("500 millis")
            yield* manager.setServiceRate(SLOW_MANAGER.serviceRate)
            yield* manager.start
            const soFar = (yield* stage.equation).searchable
            yield* stage.searchable(soFar + 30)
            yield* first.kill
            const second = yield* stage.start
            yield* stage.searchable(soFar + 60)
            yield* stage.hurry
            yield* logcollector.stop
            yield* Effect.sleep("300 millis")
            yield* logcollector.start
            yield* stage.endsWell(second)
            assert.isAtLeast(yield* stage.countLines("writer.rotated"), 3)
            assert.isAtLeast(yield* logcollector.rotationsSeen, 3)
            assert.strictEqual(readdirSync(folder).length, 4)
            assert.strictEqual(stage.indexer.store.keyword(0, LOCATION), path)
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a disk that is full: held and told, and it goes on by itself",
    () =>
      besideStage({ flows: { count: 300, span: "30 hours" } }, file, (stage, { logcollector, path }) =>
        Effect.gen(function* () {
          symlinkSync("/dev/full", path)
          const waybill = yield* stage.start
          yield* stage.hasLine("writer.holding", ({ reason }) => reason === "full")
          rmSync(path)
          yield* stage.hasLine("writer.resumed")
          yield* logcollector.start
          yield* stage.endsWell(waybill)
        }),
      ),
    TEST_TIMEOUT,
  )
})

describe("into Wazuh 5", () => {
  it.live(
    "its queue is discarded at a stop: what was in it is proven lost under other field paths, and written again",
    () =>
      besideStage(
        {
          flows: { count: 1200, span: "30 hours" },
          indexer: { keepDocuments: true, documentOf: documentOf5 },
        },
        manager5,
        (stage, manager) =>
          Effect.gen(function* () {
            const waybill = yield* stage.start
            yield* stage.searchable(50)
            yield* manager.pause
            yield* stage.until(
              "its queue holds something",
              Effect.map(manager.queued, (queued) => queued > 20),
            )
            yield* manager.goDown
            yield* manager.resume
            yield* stage.hasLine("writer.holding", ({ reason }) => reason === "missing")
            yield* manager.comeBack
            yield* stage.endsWell(waybill)
            assert.isAtLeast(yield* manager.discarded, 1)
            assert.isAtLeast(yield* stage.countLines("batch.lost"), 1)
          }),
      ),
    TEST_TIMEOUT,
  )
})
