/** `waybill check` as a process of its own, against a whole simulated world. */
import { rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import { makeSimulatedApi } from "../../src/demo/manager-api/SimulatedApi.ts"
import { writeWaybillConfig } from "../../src/demo/waybillConfig.ts"
import {
  command,
  type Finished,
  lastJson,
  quickWorld,
  startCommand,
  startRun,
  until,
} from "../reconcile/command.ts"

const provided = Effect.provide(NodeServices.layer)
const HOUR = { count: 20, span: "1 hour" } as const

const freePort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() =>
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)),
    )
  })
})

interface Hop {
  readonly hop: string
  readonly status: string
  readonly message: string
  readonly advice: string
}
const hopsOf = (finished: Finished): ReadonlyArray<Hop> => lastJson(finished).hops
const statuses = (finished: Finished) =>
  Object.fromEntries(hopsOf(finished).map(({ hop, status }) => [hop, status]))
const said = (finished: Finished, hop: string): string => {
  const found = hopsOf(finished).find((one) => one.hop === hop)
  return `${found?.message} ${found?.advice}`
}

const ALL_OK = {
  ...{ config: "ok", state: "ok", dlq: "ok", msp: "ok", retention: "ok", admin: "ok" },
  ...{ socket: "ok", manager: "ok", rules: "ok", alert_level: "ok" },
  ...{
    indexer: "ok",
    login: "ok",
    role: "ok",
    indices: "ok",
    template: "ok",
    shards: "skipped",
    canary: "ok",
    feeds: "ok",
  },
}

describe("waybill check", () => {
  it.live(
    "finds every hop of a whole installation in order, beside a running Waybill, and tells no secret",
    () =>
      Effect.gen(function* () {
        const [hec, admin] = [yield* freePort, yield* freePort]
        const { configFile, world } = yield* quickWorld(
          { flows: HOUR },
          {
            "admin.port": admin,
            "source.hec.enabled": true,
            "source.hec.port": hec,
            "source.hec.tokens.main.token": "simulated-hec-token-0123456789",
            "source.hec.spool.path": `${tmpdir()}/waybill-check-spool-${process.pid}`,
          },
        )
        const running = yield* startRun(world, configFile)
        yield* until(world, ({ lost }) => lost === 0)
        const checked = yield* command(configFile, "check", "--json")
        assert.deepStrictEqual(statuses(checked), {
          ...ALL_OK,
          // The simulated world speaks plain http, which is warned of.
          config: "warn",
          spool: "ok",
          hec: "ok",
        })
        for (const hop of ["hec", "admin"]) assert.include(said(checked, hop), "A running Waybill answers at")
        assert.strictEqual(checked.exitCode, 2, checked.stdout)
        assert.strictEqual(lastJson(checked).status, "warn")
        assert.match(said(checked, "canary"), /3 canaries are searchable \d+\.\d s after the write/)
        assert.match(said(checked, "rules"), /alarm, flow, device_change, event, sidecar_status, canary/)
        for (const secret of ["simulated-msp-token", "simulated-indexer-password", "simulated-hec-token"])
          assert.notInclude(checked.stdout + checked.stderr, secret)
        yield* running.stop
        assert.strictEqual(yield* running.exitCode, 0)
        rmSync(`${tmpdir()}/waybill-check-spool-${process.pid}`, { recursive: true, force: true })
      }).pipe(Effect.scoped, provided),
    120_000,
  )

  it.live(
    "says what is wrong hop by hop, skips what hangs on it, and fits 80 columns without colours",
    () =>
      Effect.gen(function* () {
        const { configFile, world } = yield* quickWorld({ flows: HOUR })
        yield* world.manager.setContent({ rules: false })
        yield* world.msp.setToken("another")
        const checked = yield* command(configFile, "check", "--wait", "2", "--json")
        assert.strictEqual(checked.exitCode, 1, checked.stdout)
        assert.deepInclude(statuses(checked), {
          ...{ msp: "fail", retention: "skipped", rules: "fail", alert_level: "skipped" },
          ...{ socket: "ok", manager: "ok", indexer: "ok", canary: "fail" },
        })
        assert.include(said(checked, "msp"), "refuses the token (401)")
        assert.include(said(checked, "rules"), "waybill_rules.xml")
        assert.include(said(checked, "canary"), "none is searchable after 2.")

        yield* world.manager.setContent({ alertLevel: 5 })
        const level = yield* command(configFile, "check", "--no-canary", "--json")
        assert.deepInclude(statuses(level), { rules: "ok", alert_level: "fail", canary: "skipped" })
        assert.include(said(level, "alert_level"), "flow (rule 100400 of level 3)")
        assert.notInclude(said(level, "alert_level"), "alarm (")

        yield* world.manager.kill
        const dead = yield* command(configFile, "check")
        assert.strictEqual(dead.exitCode, 1)
        assert.match(dead.stdout, /^socket {7}FAIL {2}Nobody listens on$/m)
        assert.match(dead.stdout, /^canary {7}- {5}It needs socket\.$/m)
        assert.notInclude(dead.stdout, "\u001b")
        for (const line of dead.stdout.split("\n")) assert.isAtMost(line.length, 80, line)
      }).pipe(Effect.scoped, provided),
    120_000,
  )

  it.live(
    "before the first start: folders are not made, and an indexer without an index is only warned of",
    () =>
      Effect.gen(function* () {
        const { configFile, world } = yield* quickWorld({ flows: HOUR })
        rmSync(`${world.folder}/state`, { recursive: true, force: true })
        const checked = yield* command(configFile, "check", "--no-canary", "--json")
        assert.deepInclude(statuses(checked), { state: "ok", indices: "warn", template: "skipped" })
        assert.include(said(checked, "state"), "is not there yet and can be made")
        const indexer = world.indexer ?? assert.fail("no simulated indexer")
        yield* indexer.goDown
        const away = yield* command(configFile, "check", "--json")
        assert.deepInclude(statuses(away), {
          indexer: "fail",
          login: "skipped",
          role: "skipped",
          canary: "skipped",
        })
        assert.include(said(away, "indexer"), "can't be reached (ECONNREFUSED")
      }).pipe(Effect.scoped, provided),
    120_000,
  )

  it.live(
    "by the manager's API the canaries arrive too; a file that nobody follows is found out by them",
    () =>
      Effect.gen(function* () {
        const { configFile, world } = yield* quickWorld({ flows: HOUR })
        const api = yield* makeSimulatedApi({
          ...{ username: "waybill", password: "simulated-api-password" },
          socketPath: world.manager.socketPath,
        })
        const byApi = yield* writeWaybillConfig(world, {
          set: {
            "writer.kind": "api",
            "writer.api.url": api.url,
            "writer.api.username": "waybill",
            "writer.api.password": "simulated-api-password",
          },
        })
        const checked = yield* command(byApi, "check", "--json")
        assert.deepInclude(statuses(checked), { api: "ok", rules: "ok", canary: "ok" })
        assert.isUndefined(statuses(checked).socket)
        assert.notInclude(checked.stdout + checked.stderr, "simulated-api-password")

        const byFile = yield* writeWaybillConfig(world, {
          set: {
            "writer.kind": "file",
            "writer.file.path": `${world.folder}/waybill.log`,
            "writer.socket.stats_path": `${world.folder}/nowhere/analysis`,
          },
        })
        const unread = yield* command(byFile, "check", "--wait", "1", "--json")
        assert.deepInclude(statuses(unread), { file: "ok", rules: "skipped", canary: "fail" })
        assert.strictEqual(configFile, byFile)

        const waiting = yield* startCommand(["check", "--json", "--config", byFile])
        const fs = yield* FileSystem.FileSystem
        const canaries = Effect.map(
          fs.readFileString(`${world.folder}/waybill.log`),
          (text) => text.split("\n").length,
        )
        const before = yield* canaries
        yield* canaries.pipe(
          Effect.delay("100 millis"),
          Effect.repeat({ until: (lines) => lines > before }),
          Effect.timeout("60 seconds"),
        )
        yield* waiting.interrupt
        const interrupted = yield* Fiber.join(waiting.finished)
        assert.strictEqual(interrupted.exitCode, 130)
        assert.strictEqual(interrupted.stdout, "")
      }).pipe(Effect.scoped, provided),
    120_000,
  )

  it.live("a configuration that is not valid is the one hop that is told", () =>
    Effect.gen(function* () {
      const { configFile } = yield* quickWorld({ flows: HOUR }, { "batch.max_events": "many" })
      const checked = yield* command(configFile, "check", "--json")
      assert.strictEqual(checked.exitCode, 78)
      assert.deepStrictEqual(statuses(checked), { config: "fail" })
      assert.include(said(checked, "config"), "batch.max_events")
      assert.include(checked.stderr, "batch.max_events")
    }).pipe(Effect.scoped, provided),
  )
})
