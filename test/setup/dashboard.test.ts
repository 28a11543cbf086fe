/** The import of the dashboard, into a simulated dashboards server. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { readContent } from "../../src/setup/content.ts"
import { dashboardStep } from "../../src/setup/dashboard.ts"
import { makePeer } from "../../src/setup/Peer.ts"
import { dashboardsServer } from "../support/dashboardsServer.ts"

const LOGIN = { username: "admin", password: "Very-Secret-1" }

const stage = Effect.fnUntraced(function* (password = LOGIN.password) {
  const server = yield* dashboardsServer(LOGIN)
  const peer = yield* makePeer({
    name: "dashboard",
    url: `${server.url}/`,
    login: { username: LOGIN.username, password: Redacted.make(password) },
    caFile: undefined,
    verifyTls: true,
  })
  const text = yield* readContent("dashboard/waybill.ndjson")
  return { server, peer, step: dashboardStep(peer, text) }
})

const live = <A, E>(name: string, body: Effect.Effect<A, E, Effect.Services<ReturnType<typeof stage>>>) =>
  it.live(name, () => body.pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

describe("the dashboard", () => {
  live(
    "is created, then unchanged, then put right again, and a dry run changes nothing",
    Effect.gen(function* () {
      const { server, step } = yield* stage()
      server.firstLogin()
      const dry = yield* step.run(false)
      assert.strictEqual(dry.outcome, "created")
      assert.strictEqual(server.objects.size, 1)
      assert.strictEqual((yield* step.run(true)).outcome, "created")
      assert.isAbove(server.objects.size, 10)
      assert.isTrue(server.objects.has("dashboard:waybill"))
      assert.strictEqual((yield* step.run(true)).outcome, "unchanged")
      assert.strictEqual(server.requests.filter((request) => request.includes("_import")).length, 1)

      const lag = server.objects.get("visualization:waybill-lag") ?? assert.fail("no lag")
      server.objects.set("visualization:waybill-lag", {
        ...lag,
        attributes: { ...lag.attributes, title: "Mine", addedByTheServer: true },
      })
      assert.strictEqual((yield* step.run(true)).outcome, "updated")
      assert.strictEqual(
        server.objects.get("visualization:waybill-lag")?.attributes.title,
        "Waybill: Lag until searchable",
      )
    }),
  )

  live(
    "is not imported before Wazuh has made its index pattern, which it would refer to",
    Effect.gen(function* () {
      const { server, step } = yield* stage()
      const error = yield* Effect.flip(step.run(true))
      assert.include(error.message, "wazuh-alerts-*")
      assert.include(error.message, "Log in")
      assert.isFalse(error.fatal)
      assert.strictEqual(server.objects.size, 0)
    }),
  )

  live(
    "a refused login is tried once, and no message holds the password",
    Effect.gen(function* () {
      const { server, step } = yield* stage("Wrong-Secret-2")
      const error = yield* Effect.flip(step.run(true))
      assert.isTrue(error.fatal)
      assert.include(error.message, "401")
      assert.notInclude(JSON.stringify(error), "Wrong-Secret-2")
      assert.strictEqual(server.requests.length, 1)
    }),
  )

  live(
    "a server that is not there, and one that answers something else, are told apart",
    Effect.gen(function* () {
      const { peer } = yield* stage()
      const nobody = yield* makePeer({
        name: "dashboard",
        url: "http://127.0.0.1:1",
        login: { username: "a", password: Redacted.make("b") },
        caFile: undefined,
        verifyTls: true,
      })
      const refused = yield* Effect.flip(nobody.ask("GET", "/"))
      assert.isTrue(refused.fatal)
      assert.include(refused.message, "can't be reached")
      assert.strictEqual((yield* peer.ask("GET", "/elsewhere")).status, 404)
      const broken = yield* Effect.flip(dashboardStep(peer, '{"type":"dashboard"}\n').run(true))
      assert.include(broken.message, "not what Waybill ships")
      const missing = yield* Effect.flip(readContent("dashboard/none.ndjson", "/nowhere"))
      assert.include(missing.message, "--content")
    }),
  )
})
