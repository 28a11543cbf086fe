/** Asks the running Waybill how it is; where none answers, what lies in its folders. Changes nothing. */
import { Clock, Context, Duration, Effect, type FileSystem, Layer, Option, type Path, Result } from "effect"
import { AdminApiFailed, AdminClient, isNoAnswer, urlOf } from "../../admin/client.ts"
import { placeOf } from "../../admin/feeds.ts"
import { configuredFeeds } from "../../app/configuredFeeds.ts"
import { lookAt } from "../../checkpoints/FileCheckpoints.ts"
import { Configuration } from "../../config/Configuration.ts"
import { lookThrough } from "../../dead-letters/lookThrough.ts"
import { holderOf } from "../../state-lock/StateLock.ts"
import { ageOf, type LagSample, type StatusReport, stillFeed } from "./report.ts"

/** How long an answer may take. All of it is in memory, so a Waybill that takes longer is stuck. */
const PATIENCE = Duration.seconds(10)

export interface Gathered {
  readonly report: StatusReport
  /** Of the last hour, by feed. */
  readonly lags: ReadonlyMap<string, ReadonlyArray<LagSample>>
  /** Epoch milliseconds. */
  readonly at: number
}

const intervals = Effect.map(
  Configuration,
  (config) =>
    new Map(
      configuredFeeds(config).map(({ feed, interval }) => [
        feed,
        interval === undefined ? null : Duration.toSeconds(interval),
      ]),
    ),
)

/** Fails with what the client fails with. */
const ask = Effect.fnUntraced(function* ({ client, url }: AdminClient["Service"]) {
  const [health, readiness, list, lag] = yield* Effect.all(
    [client.healthz(), client.readyz(), client.feeds.list(), client.feeds.lag()],
    { concurrency: "unbounded" },
  )
  const now = yield* Clock.currentTimeMillis
  const every = yield* intervals
  const report: StatusReport = {
    running: true,
    why: null,
    url,
    uptime_seconds: health.uptime_seconds,
    ready: readiness.ready,
    not_ready: readiness.parts.flatMap(({ feed, part, ready, why }) =>
      ready ? [] : [{ part, feed: feed ?? null, why: why ?? "" }],
    ),
    manager_queue_usage: list.manager.queue_usage,
    dead_letters: health.dlq_stats.pending_files,
    totals: { processed: health.processed, stored: health.stored, failed: health.failed },
    feeds: list.feeds.map((feed) => ({
      feed: feed.feed,
      interval_seconds: every.get(feed.feed) ?? null,
      checkpoint: feed.checkpoint,
      committed_at: feed.committed_at,
      checkpoint_age_seconds: ageOf(feed.checkpoint, feed.committed_at, now),
      counts: feed.counts,
      lag_ms: feed.lag_ms,
      stalled: feed.stalled,
      last_poll: feed.last_poll,
      next_poll: feed.next_poll,
      last_error: feed.last_error,
    })),
  }
  const lags = new Map(lag.feeds.map(({ feed, samples }) => [feed, samples]))
  return { report, lags, at: now } satisfies Gathered
})

const lettersIn = (folder: string) =>
  lookThrough(folder).pipe(
    Effect.map(({ pending }) => pending),
    Effect.orElseSucceed(() => null),
  )

/** What lies in the folders of a Waybill that does not answer. */
const look = Effect.fnUntraced(function* (why: string) {
  const { admin, dlq, state } = yield* Configuration
  const now = yield* Clock.currentTimeMillis
  const holder = Option.getOrUndefined(yield* holderOf(state.path))
  const held =
    holder === undefined
      ? ""
      : ` \`${holder.command}\` (process ${holder.pid} on ${holder.host}) has worked on ${state.path} since ${holder.since} and has not let go of it.`
  const feeds = yield* Effect.forEach(yield* intervals, ([feed, interval]) =>
    Effect.map(lookAt(state.path, feed), (found) => {
      const checkpoint = Option.getOrUndefined(found)
      const place = checkpoint === undefined ? null : placeOf(checkpoint.position)
      return stillFeed(feed, interval, place, checkpoint?.committed_at ?? null, now)
    }),
  )
  const report: StatusReport = {
    running: false,
    why: `${why}${held}`,
    url: urlOf(admin),
    uptime_seconds: null,
    ready: null,
    not_ready: [],
    manager_queue_usage: null,
    dead_letters: yield* lettersIn(dlq.base_path),
    totals: null,
    feeds,
  }
  return { report, lags: new Map(), at: now } satisfies Gathered
})

/**
 * Asks again each time it is run. A Waybill that refuses to say (a wrong token) or says what nobody understands fails
 * with `AdminApiFailed`; one that is away does not.
 */
export const makeGather = Effect.gen(function* () {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path | Configuration>()
  const built = yield* Effect.result(Layer.build(AdminClient.layer))
  if (Result.isFailure(built)) return Effect.provideContext(look(built.failure.message), services)
  const admin = Context.get(built.success, AdminClient)
  return ask(admin).pipe(
    Effect.timeoutOrElse({
      duration: PATIENCE,
      orElse: () =>
        Effect.fail(
          new AdminApiFailed({
            message: `Waybill at ${admin.url} has not answered within ${Duration.format(PATIENCE)}. Look at its log, and at the load of its machine.`,
          }),
        ),
    }),
    Effect.catchIf(isNoAnswer, () =>
      look(
        `Nobody answers at ${admin.url}. Where \`waybill run\` should be running, the end of its log says why it is not.`,
      ),
    ),
    (asked) => admin.orExplain(asked),
    Effect.provideContext(services),
  )
})
