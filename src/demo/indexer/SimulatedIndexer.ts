/**
 * The Wazuh indexer as a role with `read` on `wazuh-alerts-4.x-*` sees it: searches, counts and field_caps over HTTP, everything
 * else forbidden. Documents come from the simulated shipper and become visible at the shards' next refresh.
 */
import { Clock, Duration, Effect, Predicate, Ref, type Scope } from "effect"
import {
  type FaultyHttpServer,
  json,
  listen,
  type Reply,
  type Request,
  text,
} from "../http/FaultyHttpServer.ts"
import { hashText } from "../seededRandom.ts"
import { type DocumentStore, makeDocumentStore } from "./DocumentStore.ts"
import { type DocumentOf, documentOf } from "./document.ts"
import { filterPath } from "./filterPath.ts"
import { QueryRefused } from "./query.ts"
import { count, SHARDS_OK, search } from "./search.ts"

export interface IndexerOptions {
  readonly username: string
  readonly password: string
  readonly refreshInterval: Duration.Input
  /** Keeps whole documents for `_source`; costs about 2 KB each. */
  readonly keepDocuments: boolean
  /** From a line to its document; as for alerts of Wazuh 4 when absent. */
  readonly documentOf?: DocumentOf
}

export type IndexerFault =
  /** 429 and 503 also keep the shipper from indexing; 401 and 403 are about the searching user only. */
  | { readonly kind: "status"; readonly status: 401 | 403 | 429 | 500 | 503 }
  | { readonly kind: "hang" }
  /** One of three shards fails: the answer is incomplete, with status 200. */
  | { readonly kind: "failed-shards" }
  | { readonly kind: "timed-out" }
  /** No index matches the pattern, as a node answers then: with status 200, and nothing found. */
  | { readonly kind: "no-shards" }
  /** The remote cluster of the pattern is away, and `skip_unavailable` is set: the same with `_clusters`. */
  | { readonly kind: "skipped-cluster" }

export interface IndexerRequests {
  readonly searches: number
  readonly counts: number
  readonly refused: number
}

export interface SimulatedIndexer {
  readonly url: string
  readonly store: DocumentStore
  /** What the shipper's bulk request does. `false`: not now, try again. */
  readonly index: (lines: ReadonlyArray<string>) => Effect.Effect<boolean>
  /** Until `clearFault`. */
  readonly fault: (fault: IndexerFault) => Effect.Effect<void>
  readonly clearFault: Effect.Effect<void>
  readonly goDown: Effect.Effect<void>
  readonly comeBack: Effect.Effect<void>
  /** See `DocumentStore`. */
  readonly setRefreshInterval: (interval: Duration.Input) => Effect.Effect<void>
  readonly refresh: Effect.Effect<void>
  /** Refuses this share of the documents by mapping, always the same ones by their event id. */
  /** Takes the newest index out of every search, as `_close` does; `true` puts all of them back. */
  readonly openIndices: (open: boolean) => Effect.Effect<void>
  readonly refuseByMapping: (share: number) => Effect.Effect<void>
  /** Documents that a mapping refused and nobody was told about. */
  readonly droppedByMapping: Effect.Effect<number>
  readonly requests: Effect.Effect<IndexerRequests>
}

const PATTERN = /^wazuh-(alerts|events)-/
const RESOLVE = /^\/_resolve\/index\/([^/]+)$/
const SEARCH = /^\/([^/]+)\/_(search|count|field_caps)$/

/** The types that Wazuh's template and Waybill's own give to what is asked for. */
const TYPES: Readonly<Record<string, string>> = {
  "@timestamp": "date",
  "data.event_id": "keyword",
  "data.event_time": "keyword",
  "data.event_type": "keyword",
  "data.source": "keyword",
  "data.waybill.batch": "keyword",
  "data.waybill.sent_at": "date",
}

/** What OpenSearch 2.19.4 answers where it has no shard to search. */
const NOTHING = {
  timed_out: false,
  _shards: { total: 0, successful: 0, failed: 0 },
  hits: { total: { value: 0, relation: "eq" } },
}

const failure = (status: number, type: string, reason: string): Reply =>
  json(status, { error: { root_cause: [{ type, reason }], type, reason }, status })

const forbidden = (action: string, user: string) =>
  failure(
    403,
    "security_exception",
    `no permissions for [${action}] and User [name=${user}, backend_roles=[], requestedTenant=null]`,
  )

const unauthorized = text(401, "Unauthorized", "text/plain; charset=UTF-8", {
  "www-authenticate": 'Basic realm="OpenSearch Security"',
})

const actionOf = (request: Request): string => {
  if (request.path === "/") return "cluster:monitor/main"
  if (request.path.endsWith("_msearch")) return "indices:data/read/msearch"
  if (request.path.endsWith("_mget")) return "indices:data/read/mget"
  if (request.path.startsWith("/_cluster")) return "cluster:monitor/health"
  return `indices:unknown${request.path}`
}

const asRegExp = (pattern: string) =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`)

const parseBody = (body: string): Effect.Effect<{ readonly [key: PropertyKey]: unknown }, QueryRefused> =>
  Effect.try({
    try: (): unknown => (body === "" ? {} : JSON.parse(body)),
    catch: () => new QueryRefused({ type: "json_parse_exception", reason: "the body is not JSON" }),
  }).pipe(
    Effect.filterOrFail(
      Predicate.isReadonlyObject,
      () => new QueryRefused({ type: "parsing_exception", reason: "the body is not an object" }),
    ),
  )

export const makeSimulatedIndexer = Effect.fnUntraced(function* (
  options: IndexerOptions,
): Effect.fn.Return<SimulatedIndexer, never, Scope.Scope> {
  const store = makeDocumentStore({
    refreshInterval: Duration.toMillis(options.refreshInterval),
    keepDocuments: options.keepDocuments,
  })
  const expected = `Basic ${Buffer.from(`${options.username}:${options.password}`).toString("base64")}`
  const fault = yield* Ref.make<IndexerFault | undefined>(undefined)
  const counts = { searches: 0, counts: 0, refused: 0 }
  let down = false
  let refusedShare = 0
  const closed = new Set<string>()
  let dropped = 0

  /** The indices that the comma-separated pattern names, or the name of one that is missing. */
  const indicesOf = (pattern: string): ReadonlySet<number> | string => {
    const found = new Set<number>()
    for (const part of pattern.split(",")) {
      const named = asRegExp(part)
      const before = found.size
      for (const [i, name] of store.indices.entries()) if (named.test(name) && !closed.has(name)) found.add(i)
      if (found.size === before && !part.includes("*")) return part
    }
    return found
  }

  const answer = Effect.fnUntraced(function* (
    request: Request,
    pattern: string,
    operation: "search" | "count",
  ) {
    const indices = indicesOf(pattern)
    if (typeof indices === "string") {
      return request.query.get("ignore_unavailable") === "true"
        ? json(200, operation === "count" ? count(store, new Set(), {}, 0) : search(store, new Set(), {}, 0))
        : failure(404, "index_not_found_exception", `no such index [${indices}]`)
    }
    if (indices.size === 0 && request.query.get("allow_no_indices") === "false") {
      return failure(404, "index_not_found_exception", `no such index [${pattern}]`)
    }
    const body = yield* parseBody(request.body)
    const size = request.query.get("size")
    const sized = size === null ? body : { ...body, size: Number(size) }
    const now = yield* Clock.currentTimeMillis
    return yield* Effect.try({
      try: () => {
        const reply = (operation === "count" ? count : search)(store, indices, sized, now)
        return json(200, filterPath(reply, request.query.get("filter_path")))
      },
      catch: (cause) =>
        cause instanceof QueryRefused ? cause : new QueryRefused({ type: "defect", reason: String(cause) }),
    })
  })

  const resolve = (pattern: string): Reply => {
    const named = pattern.split(",").map(asRegExp)
    const indices = store.indices.flatMap((name) =>
      named.some((part) => part.test(name))
        ? [{ name, attributes: [closed.has(name) ? "closed" : "open"] }]
        : [],
    )
    return json(200, { indices, aliases: [], data_streams: [] })
  }

  const fieldCaps = (pattern: string, fields: string): Reply => {
    const indices = indicesOf(pattern)
    const known = fields.split(",").flatMap((field) => {
      const type = TYPES[field]
      return type === undefined ? [] : [[field, { [type]: { type, searchable: true, aggregatable: true } }]]
    })
    const names = typeof indices === "string" ? [] : [...indices].map((index) => store.indices[index])
    return json(200, { indices: names, fields: names.length === 0 ? {} : Object.fromEntries(known) })
  }

  const spoil = (broken: IndexerFault, reply: Reply): Reply => {
    if (broken.kind === "hang") return { _tag: "Hang" }
    if (broken.kind === "status") {
      switch (broken.status) {
        case 401:
          return unauthorized
        case 403:
          return forbidden("indices:data/read/search", options.username)
        case 429:
          return failure(429, "circuit_breaking_exception", "[parent] Data too large")
        default:
          return failure(
            broken.status,
            "cluster_block_exception",
            "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered]",
          )
      }
    }
    if (reply._tag !== "Answer") return reply
    if (broken.kind === "no-shards") return json(200, NOTHING)
    if (broken.kind === "skipped-cluster")
      return json(200, { ...NOTHING, _clusters: { total: 1, successful: 0, skipped: 1 } })
    const partial =
      broken.kind === "timed-out"
        ? { timed_out: true }
        : { _shards: { ...SHARDS_OK, successful: 2, failed: 1 } }
    const whole: unknown = JSON.parse(reply.body)
    return json(200, Predicate.isReadonlyObject(whole) ? { ...whole, ...partial } : partial)
  }

  const handle = Effect.fnUntraced(function* (request: Request): Effect.fn.Return<Reply> {
    if (request.headers.authorization !== expected) {
      counts.refused += 1
      return unauthorized
    }
    const [, resolved] = RESOLVE.exec(request.path) ?? []
    if (resolved?.split(",").every((part) => PATTERN.test(part))) return resolve(resolved)
    const [, pattern, operation] = SEARCH.exec(request.path) ?? []
    if (pattern === undefined || !pattern.split(",").every((part) => PATTERN.test(part))) {
      counts.refused += 1
      return forbidden(
        pattern === undefined ? actionOf(request) : "indices:data/read/search",
        options.username,
      )
    }
    if (operation === "field_caps") return fieldCaps(pattern, request.query.get("fields") ?? "")
    if (operation === "count") counts.counts += 1
    else counts.searches += 1
    const broken = yield* Ref.get(fault)
    const reply = yield* answer(request, pattern, operation === "count" ? "count" : "search").pipe(
      Effect.catchTag("QueryRefused", (refused) =>
        Effect.succeed(failure(400, refused.type, refused.reason)),
      ),
    )
    return broken === undefined ? reply : spoil(broken, reply)
  })

  const server: FaultyHttpServer = yield* listen(handle)
  const setDown = (next: boolean) =>
    Effect.sync(() => {
      down = next
    })

  const index = Effect.fnUntraced(function* (lines: ReadonlyArray<string>) {
    const broken = yield* Ref.get(fault)
    const refusing = broken?.kind === "hang" || (broken?.kind === "status" && broken.status >= 429)
    if (down || refusing) return false
    const now = yield* Clock.currentTimeMillis
    for (const line of lines) {
      const made = (options.documentOf ?? documentOf)(line)
      if (made === undefined || hashText(made.document.eventId) / 0x1_0000_0000 < refusedShare) dropped += 1
      else store.add(made.document, made.source, now)
    }
    return true
  })

  return {
    url: server.url,
    store,
    index,
    fault: (next) => Ref.set(fault, next),
    clearFault: Ref.set(fault, undefined),
    goDown: Effect.andThen(setDown(true), server.goDown),
    comeBack: Effect.andThen(server.comeBack, setDown(false)),
    setRefreshInterval: (interval) =>
      Effect.map(Clock.currentTimeMillis, (now) =>
        store.setRefreshInterval(Duration.toMillis(interval), now),
      ),
    refresh: Effect.map(Clock.currentTimeMillis, store.refresh),
    openIndices: (open) =>
      Effect.sync(() => {
        const newest = store.indices.toSorted().at(-1)
        if (open) closed.clear()
        else if (newest !== undefined) closed.add(newest)
      }),
    refuseByMapping: (share) =>
      Effect.sync(() => {
        refusedShare = share
      }),
    droppedByMapping: Effect.sync(() => dropped),
    requests: Effect.sync(() => ({ ...counts })),
  }
})
