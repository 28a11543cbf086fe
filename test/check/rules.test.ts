/** The question to the manager: what it is asked, and what its answers mean. */
import { createServer, type Server } from "node:net"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { type Judged, judge } from "../../src/check/logtest.ts"
import { explainLogtest, judgeAlerting, judgeRules } from "../../src/check/rules.ts"
import { samplesAt } from "../../src/check/samples.ts"
import { type Answer, serveFramed } from "../../src/demo/manager/framedSocket.ts"
import { ManagerSocketError } from "../../src/writers/pacing/managerSocket.ts"
import { makeAnalysisd } from "../support/wazuh/analysisd.ts"
import { type Rule, readRules } from "../support/wazuh/ruleset.ts"
import { decoders, rulesOf } from "../support/wazuh/shipped.ts"

const NOW = Date.parse("2026-02-22T19:13:04.123Z")
const KINDS = ["alarm", "flow", "device_change", "event", "sidecar_status", "canary"]

/** The answers of the real one, as far as they are read, over the shipped rules and the evaluator of these tests. */
const logtest = (alertLevel = 3, loadedBefore: ReadonlyArray<Rule> = []) => {
  const rules = [...loadedBefore, ...rulesOf("waybill_rules.xml")]
  const { process } = makeAnalysisd(decoders(), rules, new Map())
  const requests: Array<{ readonly command: string; readonly parameters: Readonly<Record<string, string>> }> =
    []
  const answer: Answer = (text) => {
    const request = JSON.parse(text)
    requests.push(request)
    if (request.command === "remove_session") return { error: 0, data: { messages: [], codemsg: 0 } }
    const { decoder, rule } = process(request.parameters.event)
    return {
      error: 0,
      data: {
        token: "a1b2c3d4",
        output: { decoder: { name: decoder }, ...(rule && { rule }) },
        alert: (rule?.level ?? 0) >= alertLevel,
        codemsg: 0,
      },
    }
  }
  return { requests, answer }
}

const socketPath = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.map((folder) => `${folder}/logtest`),
  Effect.orDie,
  Effect.provide(NodeServices.layer),
)
const asking = Effect.fnUntraced(function* (answer: Answer) {
  const path = yield* socketPath
  yield* serveFramed(path, answer, false)
  return yield* judge(path, "waybill", samplesAt(NOW))
}, Effect.scoped)

describe("logtest", () => {
  it.live("every kind that Waybill writes is asked about in one session, which is ended, and all alert", () =>
    Effect.gen(function* () {
      const { answer, requests } = logtest()
      const judged = yield* asking(answer)
      assert.deepStrictEqual(
        judged.map(({ kind }) => kind),
        KINDS,
      )
      assert.deepStrictEqual(
        judged.map(({ rule }) => rule?.id),
        ["100205", "100400", "100301", "100600", "100505", "100504"],
      )
      assert.strictEqual(judgeRules(judged).status, "ok")
      assert.strictEqual(judgeAlerting(judged).status, "ok")
      assert.deepStrictEqual(
        requests.map(({ command, parameters }) => [command, parameters.token]),
        [
          ["log_processing", undefined],
          ...KINDS.slice(1).map(() => ["log_processing", "a1b2c3d4"]),
          ["remove_session", "a1b2c3d4"],
        ],
      )
      assert.deepInclude(requests[0]?.parameters, { log_format: "syslog", location: "waybill" })
    }),
  )

  it.live("a higher log_alert_level is seen, with the kinds that would be lost", () =>
    Effect.gen(function* () {
      const judged = yield* asking(logtest(5).answer)
      assert.strictEqual(judgeRules(judged).status, "ok")
      const found = judgeAlerting(judged)
      assert.strictEqual(found.status, "fail")
      assert.include(found.message, "flow (rule 100400 of level 3)")
      assert.notInclude(found.message, "alarm")
      assert.include(found.advice, "log_alert_level")
    }),
  )

  it.live("rules of an earlier poller with the same ids are seen, with the kinds that they keep out", () =>
    Effect.gen(function* () {
      const earlier = readRules(`<group name="firewalla,">
        <rule id="100200" level="5"><decoded_as>firewalla</decoded_as></rule>
        <rule id="100400" level="3"><decoded_as>firewalla</decoded_as></rule>
        </group>`)
      const judged = yield* asking(logtest(3, earlier).answer)
      const found = judgeRules(judged)
      assert.strictEqual(found.status, "warn")
      assert.match(found.message, /missing for: alarm, flow\./)
      assert.include(found.advice, "(7612)")
      assert.strictEqual(judgeAlerting(judged).status, "ok")
    }),
  )

  it.live("an answer without a result is told with the manager's own words, and the session is ended", () =>
    Effect.gen(function* () {
      const { answer, requests } = logtest()
      const failing: Answer = (text) =>
        requests.length < 1 || text.includes("remove_session")
          ? answer(text)
          : {
              error: 0,
              data: {
                messages: ["INFO: (7202): noise", "ERROR: (7311): Failure to initialize session"],
                codemsg: -1,
              },
            }
      const error = yield* Effect.flip(asking(failing))
      assert.include(error.message, "(7311)")
      assert.notInclude(error.message, "noise")
      assert.strictEqual(requests.at(-1)?.command, "remove_session")
      const found = explainLogtest(error)
      assert.strictEqual(found.status, "fail")
      assert.include(found.advice, "/var/ossec/etc/rules")
    }),
  )

  it.live("a socket that is not there, or that nobody listens on, is a warning with what to do", () =>
    Effect.gen(function* () {
      const path = yield* socketPath
      const missing = yield* Effect.flip(judge(path, "waybill", samplesAt(NOW)))
      assert.deepInclude(missing, { reason: "missing" })
      const server = yield* Effect.callback<Server>((resume) => {
        const made = createServer((socket) => socket.destroy())
        made.listen(path, () => resume(Effect.succeed(made)))
      })
      const closed = yield* Effect.flip(judge(path, "waybill", samplesAt(NOW)))
      yield* Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
      })
      for (const error of [missing, closed]) {
        const found = explainLogtest(error)
        assert.strictEqual(found.status, "warn", found.message)
        assert.include(found.advice, "wazuh-logtest")
      }
      const forbidden = new ManagerSocketError({ reason: "forbidden", message: `${path}: EACCES` })
      assert.include(explainLogtest(forbidden).advice, "999")
    }).pipe(Effect.scoped),
  )
})

describe("what the manager made of the samples", () => {
  const rule = (id: string, groups: ReadonlyArray<string> = ["waybill"]) => ({ id, level: 3, groups })
  const one = (kind: Judged["kind"], more: Partial<Judged> = {}): Judged => ({
    ...{ kind, decoder: "waybill", rule: rule("100400"), alerts: true },
    ...more,
  })
  const none = { rule: undefined, alerts: false }
  for (const [title, judged, message, advice] of [
    [
      "no decoder at all",
      [one("flow", { decoder: undefined, ...none })],
      "nothing at all",
      "decoders/waybill.xml",
    ],
    [
      "the stock decoder",
      [one("flow"), one("alarm", { decoder: "json", ...none })],
      "does not decode alarm as waybill but as json",
      "decoders/waybill.xml",
    ],
    [
      "no rules",
      [one("flow", none), one("alarm", { rule: rule("1002", ["syslog"]) })],
      "none of its rules",
      "rules/waybill_rules.xml",
    ],
    [
      "rules of an older version",
      [one("flow"), one("event", none)],
      "event (no rule at all)",
      "of this version",
    ],
    [
      "a rule of somebody else's",
      [one("flow"), one("event", { rule: rule("200001", ["local"]) })],
      "event (rule 200001 takes it)",
      "rules of your own",
    ],
  ] as const)
    it(title, () => {
      const found = judgeRules(judged)
      assert.strictEqual(found.status, "fail")
      assert.include(found.message, message)
      assert.include(found.advice, advice)
    })
})
