import { createServer, type Server } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import { AdminClient, urlOf } from "../../src/admin/client.ts"
import * as Configuration from "../../src/config/Configuration.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { letter, waiting } from "./letters.ts"
import { makeStage, NOTHING_REPLAYED, TOKEN } from "./stage.ts"

const clientOf = (admin: object) =>
  Layer.build(
    AdminClient.layer.pipe(
      Layer.provide(
        Configuration.layerOf(
          Result.getOrThrow(
            configFrom({
              source: { firewalla: { domain: "a.example", token: "t" } },
              indexer: { username: "u", password: "p" },
              admin,
            }),
          ),
        ),
      ),
    ),
  ).pipe(Effect.map((context) => Context.get(context, AdminClient)))

/** The port of a server that answers everything with a page of its own. */
const somebodyElse = Effect.acquireRelease(
  Effect.callback<Server>((resume) => {
    const server = createServer((_, response) => response.end("<p>hello</p>"))
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close()),
).pipe(
  Effect.map((server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }),
)

const id = "a/b 😀"
const stored = { ...letter(0), envelope: { ...letter(0).envelope, id } }

describe("the client", () => {
  it.live("asks a running Waybill with the token of the configuration", () =>
    Effect.gen(function* () {
      const { port } = yield* makeStage({ letters: waiting(1, () => stored) })
      const { client, orExplain } = yield* clientOf({ port, token: TOKEN })
      assert.strictEqual((yield* orExplain(client.healthz())).dlq_stats.pending_files, 1)
      assert.strictEqual((yield* orExplain(client.readyz())).ready, false)
      assert.strictEqual((yield* orExplain(client.dlq.list({ query: { limit: 10 } }))).count, 1)
      assert.deepStrictEqual(yield* orExplain(client.dlq.get({ params: { id } })), stored)
      const replayed = yield* orExplain(client.dlq.replay({ payload: { source: "firewall" } }))
      assert.deepInclude(replayed, NOTHING_REPLAYED.counts)
      assert.deepStrictEqual(yield* client.dlq.purge({ query: { source: "firewall" } }), { status: "purged" })
    }).pipe(Effect.scoped),
  )

  it.live("says what to do when nobody answers, or not as hoped, and never the token", () =>
    Effect.gen(function* () {
      const { port } = yield* makeStage()
      const explained = Effect.fnUntraced(function* (admin: object) {
        const { client, orExplain } = yield* clientOf(admin)
        const error = yield* Effect.flip(orExplain(client.dlq.get({ params: { id } })))
        assert.notInclude(error.message, "wrong-token")
        return error.message
      })
      assert.include(yield* explained({ port: 1, token: TOKEN }), "No Waybill answers at http://127.0.0.1:1.")
      assert.include(
        yield* explained({ port, token: "wrong-token" }),
        "refuses the token of this configuration",
      )
      assert.include(yield* explained({ port, token: TOKEN }), "No such dead letter")
      const other = yield* somebodyElse
      assert.include(yield* explained({ port: other, token: TOKEN }), `127.0.0.1:${other} is no Waybill`)
      assert.include((yield* Effect.flip(clientOf({ enabled: false }))).message, "admin.enabled is false")
    }).pipe(Effect.scoped),
  )

  it("reaches an API that listens on every address by the loopback one", () => {
    for (const [host, url] of [
      ["127.0.0.1", "http://127.0.0.1:8089"],
      ["0.0.0.0", "http://127.0.0.1:8089"],
      ["::", "http://[::1]:8089"],
      ["fd00::1", "http://[fd00::1]:8089"],
      ["localhost", "http://localhost:8089"],
    ] as const)
      assert.strictEqual(urlOf({ host, port: 8089 }), url)
  })
})
