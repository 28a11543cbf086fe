/** `waybill setup` on a real node with the security plugin, as its admin; the dashboards server is simulated. */
import { spawn } from "node:child_process"
import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { ROLE, roleStep, userStep } from "../../src/setup/access.ts"
import { readContent } from "../../src/setup/content.ts"
import { makePeer } from "../../src/setup/Peer.ts"
import { templateStep } from "../../src/setup/template.ts"
import { dashboardsServer } from "../support/dashboardsServer.ts"
import { ask } from "../support/opensearch/request.ts"
import { asAdmin, loginOf, onOwnNode } from "./realNode.ts"

const PATTERN = "wazuh-alerts-4.x-*"
const API = "/_plugins/_security/api"
const NEW = { username: "waybill-of-setup", password: "correct-Horse-7-battery" }

onOwnNode("waybill setup on a real OpenSearch", (node, users) => {
  const remove = (path: string) =>
    Effect.promise(() => ask(loginOf(node, users.admin), "DELETE", path)).pipe(Effect.asVoid)

  /** Takes away what setup makes; the role and its user, which other files need, come back as they were. */
  const clean = Effect.acquireRelease(
    Effect.forEach([`${API}/rolesmapping/${ROLE}`, `${API}/roles/${ROLE}`, "/_template/waybill"], remove),
    () =>
      Effect.gen(function* () {
        yield* remove("/_template/waybill")
        yield* remove(`${API}/internalusers/${NEW.username}`)
        yield* asAdmin(node, "PUT", `${API}/roles/${ROLE}`, {
          index_permissions: [{ index_patterns: [PATTERN], allowed_actions: ["read"] }],
        })
        yield* asAdmin(node, "PUT", `${API}/rolesmapping/${ROLE}`, { users: [users.waybill.username] })
      }),
  )

  const peerAs = (user: { readonly username: string; readonly password: string }) =>
    makePeer({
      name: "indexer",
      url: node.url,
      login: { username: user.username, password: Redacted.make(user.password) },
      caFile: node.caFile,
      verifyTls: true,
    }).pipe(Effect.provide(NodeServices.layer))

  const login = { username: NEW.username, password: Redacted.make(NEW.password) }
  const allSteps = Effect.gen(function* () {
    const peer = yield* peerAs(users.admin)
    const template = yield* readContent("template/waybill-template.json").pipe(
      Effect.provide(NodeServices.layer),
    )
    return [templateStep(peer, template), roleStep(peer, PATTERN), userStep(peer, login)]
  })
  const outcomes = (change: boolean) =>
    Effect.flatMap(allSteps, (steps) =>
      Effect.forEach(steps, (step) => Effect.map(step.run(change), ({ outcome }) => outcome)),
    )

  const statusAs = (user: typeof NEW, method: "GET" | "POST", path: string, body?: object) =>
    Effect.promise(async () => (await ask(loginOf(node, user), method, path, body)).status)

  it.live("creates all, once; a dry run only tells; the user may search the pattern and nothing else", () =>
    Effect.gen(function* () {
      yield* clean
      assert.deepStrictEqual(yield* outcomes(false), ["created", "created", "created"])
      assert.deepStrictEqual(yield* outcomes(false), ["created", "created", "created"])
      assert.deepStrictEqual(yield* outcomes(true), ["created", "created", "created"])
      assert.deepStrictEqual(yield* outcomes(true), ["unchanged", "unchanged", "unchanged"])
      assert.deepStrictEqual(
        [
          yield* statusAs(NEW, "POST", `/${PATTERN}/_search`, { size: 0 }),
          yield* statusAs(NEW, "GET", "/_cluster/health"),
          yield* statusAs(NEW, "POST", "/wazuh-alerts-4.x-x/_doc", { a: 1 }),
          yield* statusAs(NEW, "GET", `${API}/roles`),
        ],
        [200, 403, 403, 403],
      )
    }).pipe(Effect.scoped),
  )

  it.live("puts right what was changed, and nothing that is not Waybill's", () =>
    Effect.gen(function* () {
      yield* clean
      yield* outcomes(true)
      yield* asAdmin(node, "PUT", `${API}/roles/${ROLE}`, {
        cluster_permissions: ["cluster_monitor"],
        index_permissions: [{ index_patterns: ["*"], allowed_actions: ["indices_all"] }],
      })
      yield* asAdmin(node, "PUT", `${API}/rolesmapping/${ROLE}`, {
        users: ["somebody"],
        backend_roles: ["auditors"],
      })
      yield* asAdmin(node, "PUT", `${API}/internalusers/${NEW.username}`, {
        password: "another-Horse-8-battery",
      })
      yield* asAdmin(node, "PUT", "/_template/waybill", { index_patterns: [PATTERN], order: 1, mappings: {} })
      assert.deepStrictEqual(yield* outcomes(true), ["updated", "updated", "updated"])
      assert.deepStrictEqual(yield* outcomes(true), ["unchanged", "unchanged", "unchanged"])
      assert.strictEqual(yield* statusAs(NEW, "POST", `/${PATTERN}/_search`, { size: 0 }), 200)
      const { body } = yield* asAdmin(node, "GET", `${API}/rolesmapping/${ROLE}`)
      assert.include(JSON.stringify(body), "somebody")
      assert.include(JSON.stringify(body), "auditors")
    }).pipe(Effect.scoped),
  )

  it.live("leaves a user alone who is somebody else's, such as one with rights of another kind", () =>
    Effect.gen(function* () {
      yield* clean
      yield* asAdmin(node, "PUT", `${API}/internalusers/${NEW.username}`, {
        password: NEW.password,
        backend_roles: ["admin"],
      })
      const peer = yield* peerAs(users.admin)
      const error = yield* Effect.flip(userStep(peer, login).run(true))
      assert.include(error.message, "not Waybill's own")
      assert.isFalse(error.fatal)
      assert.notInclude(error.message, NEW.password)
      const mapping = yield* Effect.promise(() =>
        ask(loginOf(node, users.admin), "GET", `${API}/rolesmapping/${ROLE}`),
      )
      assert.strictEqual(mapping.status, 404)
    }).pipe(Effect.scoped),
  )

  it.live(
    "tells of a wrong password, of somebody who may not, and of a password that the indexer refuses",
    () =>
      Effect.gen(function* () {
        yield* clean
        const wrong = yield* peerAs({ username: "admin", password: "wrong-password-9" })
        const unauthorized = yield* Effect.flip(roleStep(wrong, PATTERN).run(true))
        assert.isTrue(unauthorized.fatal)
        assert.include(unauthorized.message, "401")
        assert.notInclude(unauthorized.message, "wrong-password-9")
        const reader = yield* peerAs(users.stranger)
        const forbidden = yield* Effect.flip(roleStep(reader, PATTERN).run(true))
        assert.isTrue(forbidden.fatal)
        assert.include(forbidden.message, "administrator")
        const admin = yield* peerAs(users.admin)
        const weak = yield* Effect.flip(
          userStep(admin, { username: NEW.username, password: Redacted.make("x") }).run(true),
        )
        assert.include(weak.message, "400")
        assert.isFalse(weak.fatal)
      }).pipe(Effect.scoped),
  )

  it.live(
    "as the command: JSON, exit codes, and no password in what it prints",
    () =>
      Effect.gen(function* () {
        yield* clean
        const server = yield* dashboardsServer(users.admin)
        server.firstLogin()
        const run = (...flags: ReadonlyArray<string>) =>
          Effect.promise(
            () =>
              new Promise<{ status: number | null; out: string; all: string }>((resolve) => {
                const child = spawn(
                  process.execPath,
                  ["src/main.ts", "setup", "--dashboard-url", server.url, ...flags],
                  {
                    env: {
                      PATH: process.env.PATH,
                      MSP_DOMAIN: "example.firewalla.net",
                      MSP_TOKEN: "a-token",
                      INDEXER_URL: node.url,
                      INDEXER_USERNAME: NEW.username,
                      INDEXER_PASSWORD: NEW.password,
                      INDEXER_ADMIN_USERNAME: users.admin.username,
                      INDEXER_ADMIN_PASSWORD: users.admin.password,
                      ...(node.caFile === undefined ? {} : { WAYBILL_INDEXER__CA_FILE: node.caFile }),
                    },
                  },
                )
                let out = ""
                let all = ""
                child.stdout.on("data", (text) => {
                  out += text
                  all += text
                })
                child.stderr.on("data", (text) => {
                  all += text
                })
                child.on("close", (status) => resolve({ status, out, all }))
              }),
          )
        const dry = yield* run("--dry-run")
        assert.strictEqual(dry.status, 2, dry.all)
        assert.include(dry.out, "role waybill: would be created")
        const first = yield* run("--json")
        assert.strictEqual(first.status, 0, first.all)
        const { command, dry_run, steps } = JSON.parse(first.out)
        assert.deepStrictEqual([command, dry_run], ["setup", false])
        assert.deepStrictEqual(
          steps.map(({ outcome }: { readonly outcome: string }) => outcome),
          Array(4).fill("created"),
        )
        const second = yield* run()
        assert.strictEqual(second.status, 0, second.all)
        assert.strictEqual(second.out.match(/: unchanged/g)?.length, 4)
        assert.isTrue(server.objects.has("dashboard:waybill"))
        for (const { all } of [dry, first, second])
          for (const secret of [NEW.password, users.admin.password, "a-token"]) assert.notInclude(all, secret)
      }).pipe(Effect.scoped),
    { timeout: 150_000 },
  )
})
