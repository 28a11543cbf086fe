/** What the tests of the client share: an HTTP server that answers as told, and a client that asks it once. */
import type { Server } from "node:http"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Redacted } from "effect"
import { json, listen, type Reply, type Request, text } from "../../src/demo/http/FaultyHttpServer.ts"
import { Indexer } from "../../src/indexer/Indexer.ts"
import * as OpenSearchIndexer from "../../src/indexer/OpenSearchIndexer.ts"
import { defaultRetrySettings } from "../../src/retry/decide.ts"

export const temporaryFolder = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped(),
).pipe(Effect.provide(NodeServices.layer))

const WHOLE = { total: 3, successful: 3, skipped: 0, failed: 0 }
export const found = (count: number, more: object = {}) => ({
  timed_out: false,
  _shards: WHOLE,
  hits: { total: { value: count, relation: "eq" } },
  ...more,
})

export const PASSWORD = "hunter2-secret"
export const options = (url: string, more: Partial<OpenSearchIndexer.OpenSearchOptions> = {}) => ({
  url,
  username: "waybill",
  password: Redacted.make(PASSWORD),
  timeout: "2 seconds" as const,
  retry: { ...defaultRetrySettings, maxRetries: 0 },
  ...more,
})

export const QUERY = { ids: ["a", "b"], since: 1_771_787_584_123 }
export const count = (given: OpenSearchIndexer.OpenSearchOptions) =>
  Effect.flatMap(Indexer, (indexer) => indexer.count(QUERY)).pipe(
    Effect.provide(OpenSearchIndexer.layer(given)),
  )
export const copies = (given: OpenSearchIndexer.OpenSearchOptions) =>
  Effect.flatMap(Indexer, (indexer) => indexer.copies(QUERY)).pipe(
    Effect.provide(OpenSearchIndexer.layer(given)),
  )

/** What `_resolve/index` lists. */
export const listed = (open: ReadonlyArray<string>, closed: ReadonlyArray<string> = []) =>
  json(200, {
    indices: [
      ...open.map((name) => ({ name, attributes: ["open"] })),
      ...closed.map((name) => ({ name, attributes: ["closed"] })),
    ],
    aliases: [],
    data_streams: [],
  })

/**
 * A server that answers each search with the next reply, the last one for ever; what it got is kept. Asked for its
 * indices it names one.
 */
export const answering = Effect.fnUntraced(function* (...replies: ReadonlyArray<Reply>) {
  const requests: Array<Request> = []
  const server = yield* listen((request) =>
    Effect.sync(() => {
      if (request.path.startsWith("/_resolve/")) return listed(["wazuh-alerts-4.x-2026.02.22"])
      requests.push(request)
      return replies[Math.min(requests.length, replies.length) - 1] ?? text(500, "no reply was set")
    }),
  )
  return { ...server, requests }
})

export const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : 0))
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      }),
  )

export const FORBIDDEN = {
  error: {
    root_cause: [
      {
        type: "security_exception",
        reason:
          "no permissions for [indices:data/read/search] and User [name=waybill, backend_roles=[], requestedTenant=null]",
      },
    ],
    type: "security_exception",
    reason: "no permissions for [indices:data/read/search] and User [name=waybill]",
  },
  status: 403,
}
