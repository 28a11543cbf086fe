/** Settings of a run that change while it runs: by SIGHUP, and by the admin API. */
import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, FileSystem, Schedule } from "effect"
import { writeWaybillConfig } from "../../src/demo/waybillConfig.ts"
import { send } from "../admin/http.ts"
import { COLLECTOR, makePushStage, TOKEN } from "./pushing.ts"
import { FAST, onStage, type Stage, stopped, TEST_TIMEOUT } from "./world.ts"

const COUNT = 200
const INTERVAL = "source.firewalla.feeds.flows.interval"
const ONLY = "source.firewalla.feeds.flows.only"

type Settings = Readonly<Record<string, string | number | boolean>>

const rewrite = (stage: Stage, set: Settings) => writeWaybillConfig(stage.world, { set: { ...FAST, ...set } })

const hangUp = ({ pid }: { readonly pid: number }) => Effect.sync(() => process.kill(pid, "SIGHUP"))

describe("SIGHUP", () => {
  it.live(
    "changes an interval and a filter at once; a file that is refused changes nothing, and the run goes on",
    () => {
      const set = {
        [INTERVAL]: "1 hour",
        [ONLY]: "notable",
        "source.firewalla.feeds.flows.overlap": "40 hours",
      }
      return onStage({ flows: { count: COUNT, span: "30 hours" }, set }, (stage) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const waybill = yield* stage.start
          yield* stage.hasLine("poll.finished")
          const notable = yield* stage.copies
          assert.isBelow(notable, COUNT, "the filter leaves something out")

          const changed = { ...set, [INTERVAL]: "400 millis", [ONLY]: "all" }
          yield* rewrite(stage, changed)
          yield* hangUp(waybill)
          yield* stage.hasLine("config.reloaded", ({ changes, who }) => {
            assert.strictEqual(who, "SIGHUP")
            assert.deepStrictEqual(changes, [
              { key: INTERVAL, from: "1h", to: "400ms" },
              { key: ONLY, from: "notable", to: "all" },
            ])
            return true
          })
          yield* stage.arrived
          yield* stage.nextLine("poll.finished", undefined, 3)

          yield* fs.writeFileString(stage.configFile, "source:\n  firewalla: [")
          yield* hangUp(waybill)
          yield* stage.hasLine("config.reload_refused", ({ message, problems }) => {
            assert.include(message, `${stage.configFile}:2`)
            return Array.isArray(problems) && problems.length === 1
          })
          yield* rewrite(stage, { ...changed, [INTERVAL]: "1 hour", "state.path": "/nowhere" })
          yield* hangUp(waybill)
          yield* stage.hasLine("config.reload_refused", ({ message }) =>
            message.includes("state.path: can't change while Waybill runs: restart needed"),
          )
          const now = yield* Clock.currentTimeMillis
          for (let n = 0; n < 20; n++) stage.world.msp.flows.append(now)
          yield* stage.arrived
          yield* stage.nextLine("poll.finished", undefined, 3)
          assert.strictEqual(yield* stopped(waybill), 0)
          assert.strictEqual(yield* stage.copies, COUNT + 20)
        }),
      )
    },
    TEST_TIMEOUT,
  )
})

describe("SIGHUP with a sender's new token", () => {
  it.live(
    "lets the sender in with the new one and no longer with the old one; a new sender waits for a restart",
    () =>
      Effect.gen(function* () {
        const stage = yield* makePushStage({})
        const waybill = yield* stage.start
        const pushed = (token: string) =>
          send(Number(new URL(waybill.origin).port), COLLECTOR, {
            method: "POST",
            headers: { authorization: `Splunk ${token}` },
            body: '{"event":"serial=1"}',
          }).pipe(Effect.map(({ json, status }) => [status, json]))
        const accepted = [200, { text: "Success", code: 0 }]
        const refused = [403, { text: "Invalid token", code: 4 }]
        const logHas = (text: string) =>
          Effect.repeat(stage.log, {
            until: (log) => log.includes(text),
            schedule: Schedule.spaced("50 millis"),
          })
        assert.deepStrictEqual(yield* pushed(TOKEN), accepted)

        yield* stage.configure({
          "source.hec.tokens.main.token": "next",
          "source.hec.tokens.more.token": "more",
        })
        yield* hangUp(waybill)
        yield* logHas("source.hec.tokens.more.token: can't change while Waybill runs")
        assert.deepStrictEqual(yield* pushed("next"), refused)

        yield* stage.configure({ "source.hec.tokens.main.token": "next" })
        yield* hangUp(waybill)
        yield* logHas("config.reloaded")
        assert.deepStrictEqual(yield* pushed("next"), accepted)
        assert.deepStrictEqual(yield* pushed(TOKEN), refused)
        assert.strictEqual(yield* stopped(waybill), 0)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    TEST_TIMEOUT,
  )
})

const OLD = "the-token-of-yesterday"
const NEW = "the-token-of-tomorrow"

describe("POST /api/v1/reload", () => {
  it.live(
    "takes tokens that were rotated in their files: that of the portal and its own",
    () =>
      onStage({ flows: { count: COUNT, span: "30 hours" }, set: { "log.level": "info" } }, (stage) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const [portal, admin] = [`${stage.world.folder}/msp_token`, `${stage.world.folder}/admin_token`]
          yield* fs.writeFileString(portal, "simulated-msp-token\n")
          yield* fs.writeFileString(admin, OLD)
          const text = yield* fs.readFileString(stage.configFile)
          const byFile = text
            .replace(/token: "simulated-msp-token"/, `token_file: ${JSON.stringify(portal)}`)
            .replace(/^admin:$/m, `admin:\n  token_file: ${JSON.stringify(admin)}`)
          yield* fs.writeFileString(stage.configFile, byFile)
          const waybill = yield* stage.start
          yield* stage.hasLine("admin.listening")
          const line = (yield* stage.lines).findLast(({ event }) => event === "admin.listening")
          const port = Number(new URL(String(line?.address)).port)
          const ask = (token: string, path: string, method = "GET", body = "") =>
            send(port, path, {
              method,
              body,
              headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
            })
          yield* stage.arrived
          yield* stage.hasLine("poll.finished")

          yield* stage.world.msp.setToken(NEW)
          yield* stage.hasLine("poll.failed", ({ reason }) => reason === "Unauthorized")
          yield* fs.writeFileString(portal, NEW)
          yield* fs.writeFileString(admin, NEW)
          assert.strictEqual((yield* ask(NEW, "/api/v1/reload", "POST")).status, 401)
          const answer = yield* ask(OLD, "/api/v1/reload", "POST")
          assert.strictEqual(answer.status, 200, answer.text)
          assert.deepStrictEqual(answer.json, {
            changes: ["source.firewalla.token", "admin.token"].map((key) => ({
              key,
              from: "(hidden)",
              to: "(hidden)",
            })),
          })
          yield* stage.nextLine("poll.finished")
          assert.strictEqual((yield* ask(OLD, "/api/v1/feeds")).status, 401)
          assert.strictEqual((yield* ask(NEW, "/api/v1/feeds")).status, 200)

          assert.strictEqual(yield* stage.countLines("poll.started"), 0)
          yield* ask(NEW, "/api/v1/log-level", "PUT", '{"level":"debug"}')
          yield* stage.hasLine("poll.started")

          yield* fs.remove(portal)
          const refused = yield* ask(NEW, "/api/v1/reload", "POST")
          assert.strictEqual(refused.status, 422)
          assert.include(refused.text, "msp_token can't be read")
          yield* stage.nextLine("poll.finished")
          assert.strictEqual(yield* stopped(waybill), 0)
          assert.notMatch(yield* fs.readFileString(stage.logFile), /the-token-of/)
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )
})
