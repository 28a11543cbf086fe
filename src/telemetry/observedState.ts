/** Metrics of what is the case now, read from the parts that know it, each time somebody asks. */
import { Clock, Duration, Effect, Option } from "effect"
import { Checkpoints } from "../checkpoints/Checkpoints.ts"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { Checkpoint } from "../domain/Checkpoint.ts"
import { type Feed, Feeds } from "../sources/Source.ts"
import { RunStatus } from "../status/RunStatus.ts"
import { Verifier } from "../verify/Verifier.ts"
import { Pacing } from "../writers/Pacing.ts"
import { count, set } from "./metric.ts"
import { METRICS, OUTCOMES, PEERS, STAGES } from "./metrics.ts"

const seconds = (since: number, now: number): number => Math.max(0, now - since) / 1000

/**
 * Seconds that a checkpoint lies behind. A time series is settled up to a time; an inventory as of its comparison. The
 * age of a sequence of pushed events is that of what waits, which only its source knows.
 */
export const checkpointAge = ({ position, committed_at }: Checkpoint, now: number): number | undefined => {
  switch (position.kind) {
    case "time":
      return seconds(position.up_to, now)
    case "inventory":
      return seconds(Date.parse(committed_at), now)
    case "sequence":
      return undefined
  }
}

/** Undefined where it is not known, as before the first checkpoint of a feed that is polled. */
const ageOf = (
  { waitingSince }: Feed,
  checkpoint: Option.Option<Checkpoint>,
  now: number,
): Effect.Effect<number | undefined> =>
  waitingSince === undefined
    ? Effect.succeed(Option.getOrUndefined(Option.map(checkpoint, (one) => checkpointAge(one, now))))
    : waitingSince(checkpoint).pipe(
        Effect.map((since) => (since === undefined ? 0 : seconds(since, now))),
        Effect.orElseSucceed(() => undefined),
      )

/** Counters of a feed begin at 0, so that a query sees their first rise, too. */
const declareCounters = Effect.fnUntraced(function* (feed: string) {
  yield* Effect.forEach(STAGES, (stage) => count(METRICS.events, { feed, stage }, 0), { discard: true })
  for (const outcome of METRICS.polls.labels.outcome) yield* count(METRICS.polls, { feed, outcome }, 0)
  yield* count(METRICS.batchesConfirmed, { feed }, 0)
  yield* count(METRICS.eventsLost, { feed }, 0)
  yield* count(METRICS.eventsReinjected, { feed }, 0)
  yield* count(METRICS.duplicates, { feed }, 0)
})

const ofFeed = Effect.fnUntraced(function* (one: Feed) {
  const { interval, name: feed } = one
  const checkpoints = yield* Checkpoints
  yield* declareCounters(feed)
  const { feeds } = yield* (yield* RunStatus).snapshot
  yield* set(METRICS.recordsUnaccounted, { feed }, feeds.get(feed)?.counts.unaccounted ?? 0)
  yield* set(METRICS.feedInterval, { feed }, Duration.toSeconds(interval()))
  const now = yield* Clock.currentTimeMillis
  // One that can't be read is told of in the log, by the feed that holds because of it.
  const checkpoint = yield* Effect.orElseSucceed(checkpoints.load(feed), () => Option.none<Checkpoint>())
  const age = yield* ageOf(one, checkpoint, now)
  if (age !== undefined) yield* set(METRICS.checkpointAge, { feed }, age)
})

const ofVerifier = Effect.gen(function* () {
  const verifier = yield* Verifier
  const { batches, events, indexer, oldestWrittenAt, stalled } = yield* verifier.status
  const now = yield* Clock.currentTimeMillis
  const age = oldestWrittenAt === undefined ? 0 : Math.max(0, now - oldestWrittenAt) / 1000
  yield* set(METRICS.outstandingBatches, {}, batches)
  yield* set(METRICS.outstandingEvents, {}, events)
  yield* set(METRICS.outstandingAge, {}, age)
  for (const stage of METRICS.stalled.labels.stage)
    yield* set(METRICS.stalled, { stage }, stalled?.stage === stage ? 1 : 0)
  yield* set(METRICS.indexerUp, {}, indexer === "unknown" ? undefined : indexer === "available" ? 1 : 0)
})

const ofPeers = Effect.gen(function* () {
  for (const peer of PEERS) {
    yield* count(METRICS.requestRetries, { peer }, 0)
    for (const outcome of OUTCOMES) yield* count(METRICS.requests, { peer, outcome }, 0)
  }
  yield* count(METRICS.managerDropped, {}, 0)
  // Only a writer that can be paced has it.
  const pacing = yield* Effect.serviceOption(Pacing)
  const usage = Option.isSome(pacing) ? yield* pacing.value.queueUsage : undefined
  yield* set(METRICS.managerQueueUsage, {}, usage)
})

const ofDeadLetters = Effect.gen(function* () {
  for (const reason of METRICS.dlqWritten.labels.reason) yield* count(METRICS.dlqWritten, { reason }, 0)
  for (const outcome of METRICS.dlqReplayed.labels.outcome) yield* count(METRICS.dlqReplayed, { outcome }, 0)
  const { bytes, pending } = yield* (yield* DeadLetters).stats
  yield* set(METRICS.dlqPending, {}, pending)
  yield* set(METRICS.dlqBytes, {}, bytes)
})

/** Brings the gauges up to date. */
export const observeState = Effect.gen(function* () {
  yield* Effect.forEach(yield* Feeds, ofFeed, { discard: true })
  yield* ofVerifier
  yield* ofPeers
  yield* ofDeadLetters
})
