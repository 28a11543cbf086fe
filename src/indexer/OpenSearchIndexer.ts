/**
 * The Wazuh indexer over its REST API, with the real OpenSearch client.
 *
 * The one request ever made is `POST <pattern>/_search`. The client's own retries, sniffing and resurrecting pings are
 * off: the last two are calls that a role with only `read` is refused, and retries are decided in one place.
 */
import { readFile } from "node:fs/promises"
import { Client } from "@opensearch-project/opensearch"
import { Clock, Context, Duration, Effect, Layer, Option, Redacted, type Result } from "effect"
import { monotonicMillis } from "../domain/monotonicTime.ts"
import { defaultRetrySettings, type RetrySettings, retryAfterMillis } from "../retry/decide.ts"
import { retrying } from "../retry/retrying.ts"
import { Indexer, IndexerError, MOST_PLACES } from "./Indexer.ts"
import { IndexHistory } from "./IndexHistory.ts"
import { failureOf, fromClient, timedOut } from "./opensearchErrors.ts"
import {
  copiesOf,
  copiesOfHits,
  countOf,
  newestOf,
  placesOf,
  type Reply,
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
}

/**
 * `stats` names the group under which the node counts them: `GET <pattern>/_stats/search?groups=waybill` tells an
 * administrator what Waybill costs.
 */
const STATISTICS_GROUP = ["waybill"]

/**
 * Open indices only, and a pattern that matches nothing yet is an empty index, not an error.
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

  const ask = (body: SearchBody, index: string) =>
    Effect.tryPromise({
      try: (signal) => {
        const sent = client.search({
          ...SEARCH_PARAMETERS,
          index,
          body: { ...body, stats: STATISTICS_GROUP },
        })
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
      Effect.flatMap((response) => Effect.fromResult(wholeReply(where, response.body))),
    )
  const request = (body: SearchBody, index: string) => Effect.andThen(inItsTime, ask(body, index))

  const search = <A>(
    body: SearchBody,
    read: (reply: Reply) => Result.Result<A, IndexerError>,
    index = pattern,
  ) =>
    request(body, index).pipe(
      Effect.flatMap((reply) => Effect.fromResult(read(reply))),
      retrying({ peer: "indexer", settings, failureOf }),
    )

  const indexer = Indexer.of({
    count: ({ ids, since }) =>
      Effect.forEach(inQueries(ids, maxIds), (some) =>
        search(countSearch(fields, some, since), (reply) => countOf(where, reply)),
      ).pipe(Effect.map((counts) => counts.reduce((sum, count) => sum + count, 0))),
    copies: ({ ids, since }) =>
      Effect.forEach(inQueries(ids, maxIds), (some) =>
        search(copiesSearch(fields, some, since), (reply) => copiesOf(where, reply)),
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
        ? search(betweenSearch(fields, slice), (reply) => countOf(where, reply))
        : Effect.succeed(Number.POSITIVE_INFINITY),
    places: ({ ids, since }) =>
      ids.length > MOST_PLACES
        ? Effect.die(new RangeError(`the places of ${ids.length} ids in one search`))
        : search(placesSearch(fields, ids, since), (reply) => placesOf(where, fields.id, reply)),
    // The search finds nothing; what counts is how many shards it asked.
    shards: (index) => search(countSearch(fields, [], 0), (reply) => shardsOf(where, index, reply), index),
  })
  const history = IndexHistory.of({
    newest: (query) => search(newestSearch(fields, query), (reply) => newestOf(where, fields, reply)),
  })
  return Context.make(Indexer, indexer).pipe(Context.add(IndexHistory, history))
})

/**
 * Opens no connection: the first search does. Fails when the URL or the CA file is wrong, with what to correct.
 * An interrupted search is aborted on the wire.
 */
export const layer = (options: OpenSearchOptions): Layer.Layer<Indexer | IndexHistory, IndexerError> =>
  Layer.effectContext(make(options))
