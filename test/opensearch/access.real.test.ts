/** TLS, logins and rights, with the security plugin as a Wazuh indexer has it. */
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Option } from "effect"
import { Indexer } from "../../src/indexer/Indexer.ts"
import { IndexHistory } from "../../src/indexer/IndexHistory.ts"
import * as OpenSearchIndexer from "../../src/indexer/OpenSearchIndexer.ts"
import { makeCa } from "../support/opensearch/certificates.ts"
import { ask } from "../support/opensearch/request.ts"
import { asAdmin, clientOptions, loginOf, onOwnNode } from "./realNode.ts"

const temporaryFolder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.provide(NodeServices.layer),
)

const QUERY = { ids: ["a", "b"], since: 0 }
const count = (options: OpenSearchIndexer.OpenSearchOptions) =>
  Effect.flatMap(Indexer, (indexer) => indexer.count(QUERY)).pipe(
    Effect.provide(OpenSearchIndexer.layer(options)),
  )

onOwnNode("access to a real OpenSearch", (node, users) => {
  const anIndexOf = (prefix: string) =>
    Effect.acquireRelease(asAdmin(node, "PUT", `/${prefix}access-test`), () =>
      asAdmin(node, "DELETE", `/${prefix}access-test`),
    )

  it.live("a role with read on the pattern may do all that Waybill does", () =>
    Effect.gen(function* () {
      const indexer = yield* Indexer
      const history = yield* IndexHistory
      assert.strictEqual(yield* indexer.count(QUERY), 0)
      assert.deepStrictEqual(yield* indexer.copies(QUERY), new Map())
      assert.isTrue(Option.isNone(yield* history.newest({ source: "firewalla-msp", eventType: "flow" })))
    }).pipe(Effect.provide(OpenSearchIndexer.layer(clientOptions(node)))),
  )

  it.live("and nothing that Waybill must do without", () =>
    Effect.gen(function* () {
      yield* anIndexOf("wazuh-archives-4.x-")
      const login = loginOf(node, users.waybill)
      const msearch = `${JSON.stringify({ index: "wazuh-alerts-4.x-*" })}\n${JSON.stringify({ size: 0 })}\n`
      const statuses = yield* Effect.promise(async () => ({
        info: (await ask(login, "GET", "/")).status,
        ping: (await ask(login, "HEAD", "/")).status,
        health: (await ask(login, "GET", "/_cluster/health")).status,
        msearch: (await ask(login, "POST", "/_msearch", msearch)).status,
        write: (await ask(login, "POST", "/wazuh-alerts-4.x-x/_doc", { a: 1 })).status,
        elsewhere: (await ask(login, "POST", "/wazuh-archives-4.x-*/_search", { size: 0 })).status,
      }))
      assert.deepStrictEqual(statuses, {
        info: 403,
        ping: 403,
        health: 403,
        msearch: 403,
        write: 403,
        elsewhere: 403,
      })
    }).pipe(Effect.scoped),
  )

  it.live("another CA is not trusted, and the message says which setting to change", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const other = yield* Effect.promise(() => makeCa(folder, "other"))
      for (const caFile of [other.certificate, undefined]) {
        const error = yield* Effect.flip(count(clientOptions(node, { caFile })))
        assert.strictEqual(error.reason, "untrusted")
        assert.include(error.message, "indexer.ca_file")
      }
    }),
  )

  it.live("plain HTTP to the TLS port is unreachable", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(count(clientOptions(node, { url: node.url.replace("https", "http") })))
      assert.strictEqual(error.reason, "unreachable")
    }),
  )

  it.live("a wrong password, and no login at all, are refused", () =>
    Effect.gen(function* () {
      for (const user of [
        { username: "waybill", password: "wrong" },
        { username: "nobody", password: "x" },
      ]) {
        const error = yield* Effect.flip(count(clientOptions(node, { user })))
        assert.strictEqual(error.reason, "unauthorized")
      }
      const anonymous = { ...clientOptions(node), username: undefined, password: undefined }
      assert.strictEqual((yield* Effect.flip(count(anonymous))).reason, "unauthorized")
    }),
  )

  it.live("a user without a right is told which one is missing, once there is an index to be refused", () =>
    Effect.gen(function* () {
      // The security plugin refuses indices, not patterns: what matches nothing is empty for everybody.
      assert.strictEqual(
        yield* count(clientOptions(node, { user: users.stranger, indexPattern: "wazuh-none-*" })),
        0,
      )
      yield* anIndexOf("wazuh-alerts-4.x-")
      const error = yield* Effect.flip(count(clientOptions(node, { user: users.stranger })))
      assert.strictEqual(error.reason, "forbidden")
      assert.include(error.message, "indices:data/read/search")
    }).pipe(Effect.scoped),
  )
})
