/**
 * The Wazuh indexer over its REST API, with the real OpenSearch client.
 *
 * What is ever requested is `POST <pattern>/_search`, and `GET _resolve/index/<pattern>` after an answer that misses
 * something (`coverage.ts`). The client's own retries, sniffing and resurrecting pings are
 * off: the last two are calls that a role with only `read` is refused, and retries are decided in one place.
 */
import { readFile } from "node:fs/promises"
import { Client } from "@opensearch-project/opensearch"
import { Clock, Context, Duration, Effect, Layer, Option, Redacted, type Result } from "effect"
import { monotonicMillis } from "../domain/monotonicTime.ts"
import { defaultRetrySettings, type RetrySettings, retryAfterMillis } from "../retry/decide.ts"
import { retrying } from "../retry/retrying.ts"
import * as Log from "../telemetry/log.ts"
import { Coverage } from "./coverage.ts"
import { type Indexed, Indexer, IndexerError, MOST_PLACES } from "./Indexer.ts"
import { IndexHistory } from "./IndexHistory.ts"
import { failureOf, fromClient, timedOut } from "./opensearchErrors.ts"
import {
  copiesOf,
  copiesOfHits,
  countOf,
  incomplete,
  newestOf,
  placesOf,
  type Reply,
  rollOf,
  shardsOf,
  wholeReply,
} from "./opensearchReplies.ts"
import {
  ALERT_FIELDS,
  batchesSearch,
  betweenSearch,
  copiesSearch,
  countSearch,
  inQueries,
  manyInBatchesSearch,
  newestSearch,
  placesSearch,
  REPLY_PARTS,
  type SearchFields,
  tallySearch,
} from "./opensearchSearches.ts"

type SearchBody = ReturnType<typeof countSearch>

export interface OpenSearchOptions {
  /** `https://host:9200`; a path before the API is kept. */
  readonly url: string
  readonly username?: string | undefined
  readonly password?: Redacted.Redacted | undefined
  /** A file with the CA's certificate in PEM; without it the CAs that Node knows are trusted. */
  readonly caFile?: string | undefined
  /** False accepts any certificate. Whoever sets it warns about it. */
  readonly verifyTls?: boolean | undefined
  /** `wazuh-alerts-4.x-*` by default. */
  readonly indexPattern?: string | undefined
  /** For one search, from the first byte sent to the last one received; 10 seconds by default. */
  readonly timeout?: Duration.Input | undefined
  /** Ids asked for in one search: 5,000 by default, 65,535 at most. */
  readonly maxIds?: number | undefined
  /** Where a document holds what is searched for; as in the alerts of Wazuh 4 by default. */
  readonly fields?: Partial<SearchFields> | undefined
  /** The quick retries of each search; what lasts longer is the caller's business. */
  readonly retry?: RetrySettings | undefined
  /** Whether an earlier run has had something confirmed: then a pattern without an index is an outage. */
  readonly hadIndices?: boolean | undefined
  /** For how long an index that can't be found is waited for; `GONE_MILLIS` by default. */
  readonly goneMillis?: number | undefined
}

/**
 * `stats` names the group under which the node counts them: `GET <pattern>/_stats/search?groups=waybill` tells an
 * administrator what Waybill costs.
 */
const STATISTICS_GROUP = ["waybill"]

/**
 * Open indices only, and a pattern that matches nothing yet is an empty index, not an error: a closed index of last
 * year must not fail every search. Which of what was left out matters is judged afterwards.
 *
 * `preference`: with replicas, each copy of a shard is refreshed at its own moment. Any one text sends all searches to
 * the same copies, as long as they are there, so that what one search has returned the next one knows.
 */
const SEARCH_PARAMETERS = {
  preference: "waybill",
  ignore_unavailable: true,
  allow_no_indices: true,
  expand_wildcards: "open",
  filter_path: REPLY_PARTS,
} as const

const merged = (found: ReadonlyArray<ReadonlyMap<string, number>>): ReadonlyMap<string, number> =>
  new Map(found.flatMap((counts) => [...counts]))

const readCa = (file: string): Effect.Effect<string, IndexerError> =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (cause) =>
      new IndexerError({
        reason: "untrusted",
        message: `The indexer's CA cannot be read (${cause instanceof Error ? cause.message : file}). Check indexer.ca_file and who may read it.`,
      }),
  })

const makeClient = Effect.fnUntraced(function* (options: OpenSearchOptions, timeoutMillis: number) {
  const ca = options.caFile === undefined ? undefined : yield* readCa(options.caFile)
  const login =
    options.username === undefined || options.password === undefined
      ? undefined
      : { username: options.username, password: Redacted.value(options.password) }
  const open = Effect.try({
    try: () =>
      new Client({
        node: options.url,
        ...(login === undefined ? {} : { auth: login }),
        ssl: { rejectUnauthorized: options.verifyTls ?? true, ...(ca === undefined ? {} : { ca }) },
        requestTimeout: timeoutMillis,
        maxRetries: 0,
        sniffOnStart: false,
        sniffOnConnectionFault: false,
        resurrectStrategy: "none",
      }),
    catch: () =>
      new IndexerError({
        reason: "unreachable",
        message: "indexer.url is not the URL of an indexer. Write it as https://host:9200.",
      }),
  })
  // After a turn of the loop: an aborted search counts as open until then, and `close` would wait a second for it.
  return yield* Effect.acquireRelease(open, (client) =>
    Effect.andThen(
      Effect.yieldNow,
      Effect.promise(() => client.close()),
    ),
  )
})

const make = Effect.fnUntraced(function* (options: OpenSearchOptions) {
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "10 seconds")
  const timeoutMillis = Duration.toMillis(timeout)
  const client = yield* makeClient(options, timeoutMillis)
  const where = new URL(options.url).host
  const pattern = options.indexPattern ?? "wazuh-alerts-4.x-*"
  const fields = { ...ALERT_FIELDS, ...options.fields }
  // A field that somebody named may be another than he thinks; to find nothing by it would prove nothing.
  const isStock = fields.eventTime === ALERT_FIELDS.eventTime && fields.eventType === ALERT_FIELDS.eventType
  const maxIds = options.maxIds ?? 5000
  const settings = options.retry ?? defaultRetrySettings

  /** Monotonic milliseconds: what a Retry-After asked for holds for every search, not only for the one it answered. */
  let notBefore = Number.NEGATIVE_INFINITY
  const inItsTime = Effect.flatMap(monotonicMillis, (now) =>
    now < notBefore ? Effect.sleep(notBefore - now) : Effect.void,
  )
  const obeyLater = Effect.fnUntraced(function* ({ retryAfter }: IndexerError) {
    const now = yield* Clock.currentTimeMillis
    const millis = Math.min(retryAfterMillis(retryAfter, now) ?? 0, settings.maxRetryAfterSeconds * 1000)
    notBefore = Math.max(notBefore, (yield* monotonicMillis) + millis)
  })

  const coverage = new Coverage(options.hadIndices ?? false, options.goneMillis)

  const ask = <A extends { readonly body: unknown }>(
    send: () => Promise<A> & { readonly abort: () => void },
  ) =>
    Effect.tryPromise({
      try: (signal) => {
        const sent = send()
        // Nothing is returned: Node throws, uncaught, what a thenable that a listener returns is rejected with.
        const abort = () => {
          sent.abort()
        }
        signal.addEventListener("abort", abort, { once: true })
        return sent
      },
      catch: (cause) => fromClient(where, pattern, timeoutMillis, cause),
    }).pipe(
      // The client's own time-out ends with the reply's head; this one covers a body that never comes.
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(timedOut(where, timeoutMillis)) }),
      Effect.tapError(obeyLater),
      Effect.map(({ body }) => body),
    )
  const request = (body: SearchBody, index: string) =>
    inItsTime.pipe(
      Effect.andThen(
        ask(() => client.search({ ...SEARCH_PARAMETERS, index, body: { ...body, stats: STATISTICS_GROUP } })),
      ),
      Effect.flatMap((reply) => Effect.fromResult(wholeReply(where, reply))),
    )

  /** Fails where what an answer misses may lie in an index that it has not searched. */
  const covers = Effect.fnUntraced(function* (shards: number, since: number, generation: number) {
    const listed = yield* ask(() =>
      client.indices.resolveIndex({ name: pattern, expand_wildcards: ["open", "closed"] }),
    )
    const roll = yield* Effect.fromResult(rollOf(where, listed))
    const { gone, leftOut } = coverage.judge({ roll, shards, since, generation, now: yield* monotonicMillis })
    for (const index of gone)
      yield* Log.warning(
        "indexer.index_gone",
        `The index ${index} has been away for so long that it is taken for deleted. What only it had is missing: \`waybill reconcile\` brings back what the source still has.`,
        { index },
      )
    if (leftOut !== undefined) return yield* incomplete(where, leftOut)
  })

  /** What a search misses may lie wherever something arrived since then. */
  interface Missed<A> {
    readonly since: number
    readonly misses: (answer: A) => boolean
  }

  const search = <A>(
    body: SearchBody,
    read: (reply: Reply) => Result.Result<A, IndexerError>,
    missed?: Missed<A>,
  ) =>
    Effect.gen(function* () {
      const { generation } = coverage
      const reply = yield* request(body, pattern)
      const { total } = reply._shards
      if (coverage.isNothingLeft(total))
        return yield* incomplete(
          where,
          `no open index matches ${pattern}, and there were some. Were they deleted or closed, or is indexer.index_pattern or indexer.url not the right one`,
        )
      const answer = yield* Effect.fromResult(read(reply))
      if (missed?.misses(answer)) yield* covers(total, missed.since, generation)
      return answer
    }).pipe(retrying({ peer: "indexer", settings, failureOf }))

  const missesSome = ({ ids, since, coverSince = since }: Indexed): Missed<ReadonlyMap<string, number>> => ({
    since: coverSince,
    misses: (copies) => ids.some((id) => !copies.has(id)),
  })

  const indexer = Indexer.of({
    count: ({ ids, since }) =>
      Effect.forEach(inQueries(ids, maxIds), (some) =>
        search(countSearch(fields, some, since), (reply) => countOf(where, reply)),
      ).pipe(Effect.map((counts) => counts.reduce((sum, count) => sum + count, 0))),
    copies: ({ ids, since, ...cover }) =>
      Effect.forEach(inQueries(ids, maxIds), (some) =>
        search(
          copiesSearch(fields, some, since),
          (reply) => copiesOf(where, reply),
          missesSome({ ids: some, since, ...cover }),
        ),
      ).pipe(Effect.map(merged)),
    tally: ({ batches, since }) =>
      Effect.forEach(inQueries(batches, maxIds), (some) =>
        search(tallySearch(fields, some, since), (reply) => copiesOf(where, reply)),
      ).pipe(Effect.map(merged)),
    ofBatches: ({ batches, since }) =>
      search(batchesSearch(fields, batches, since), (reply) => copiesOfHits(where, fields.id, reply)).pipe(
        Effect.flatMap(
          Option.match({
            onSome: Effect.succeed,
            onNone: () =>
              search(manyInBatchesSearch(fields, batches, since), (reply) => copiesOf(where, reply)).pipe(
                Effect.map((copies) => ({ copies, index: undefined })),
              ),
          }),
        ),
      ),
    between: (slice) =>
      isStock
        ? search(betweenSearch(fields, slice), (reply) => countOf(where, reply), {
            since: slice.since,
            misses: (found) => found === 0,
          })
        : Effect.succeed(Number.POSITIVE_INFINITY),
    places: ({ ids, since }) =>
      ids.length > MOST_PLACES
        ? Effect.die(new RangeError(`the places of ${ids.length} ids in one search`))
        : search(placesSearch(fields, ids, since), (reply) => placesOf(where, fields.id, reply), {
            since,
            misses: (places) => {
              const found = new Set(places.map(({ id }) => id))
              return ids.some((id) => !found.has(id))
            },
          }),
    // The search finds nothing; what counts is how many shards it asked.
    shards: (index) =>
      request(countSearch(fields, [], 0), index).pipe(
        Effect.flatMap((reply) => Effect.fromResult(shardsOf(where, index, reply))),
        retrying({ peer: "indexer", settings, failureOf }),
      ),
  })
  const history = IndexHistory.of({
    // The newest of all that can be searched: without a `since` old indices may be closed.
    newest: (query) =>
      search(newestSearch(fields, query), (reply) => newestOf(where, fields, reply), {
        since: query.since ?? Number.POSITIVE_INFINITY,
        misses: Option.isNone,
      }),
  })
  return Context.make(Indexer, indexer).pipe(Context.add(IndexHistory, history))
})

/**
 * Opens no connection: the first search does. Fails when the URL or the CA file is wrong, with what to correct.
 * An interrupted search is aborted on the wire.
 */
export const layer = (options: OpenSearchOptions): Layer.Layer<Indexer | IndexHistory, IndexerError> =>
  Layer.effectContext(make(options))
