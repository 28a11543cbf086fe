/**
 * Pacing by the manager's own statistics: its decode queue is never filled beyond a share, so it never has to drop.
 *
 * Before each chunk the manager is asked anew; what it answers is given out at once or not at all, as if nothing were
 * drained afterwards. While it can't be asked, a token bucket limits the rate instead. Measured on the whole chain
 * (2 cores): 98,000 of 98,000 delivered this way, 8,390 of 49,000 lost without it.
 */
import { Clock, Context, Duration, Effect, Layer, Semaphore } from "effect"
import { monotonicMillis } from "../../domain/monotonicTime.ts"
import * as Log from "../../telemetry/log.ts"
import { count } from "../../telemetry/metric.ts"
import { METRICS } from "../../telemetry/metrics.ts"
import { Pacing } from "../Pacing.ts"
import { credit, leastGrant, type Steering, steer, UNSTEERED } from "./credit.ts"
import { type ManagerStats, type ReadManagerStats, readManagerStats } from "./ManagerStats.ts"
import type { ManagerSocketError } from "./managerSocket.ts"
import { FLOOR_SHARE } from "./RatePacing.ts"
import { makeTokenBucket, type TokenBucket } from "./TokenBucket.ts"

export interface PacingOptions {
  /** The most of the decode queue that may be in use after a write, 0 to 1; other agents need the rest. */
  readonly queueShare: number
  /** Without statistics: messages a second, to begin with and at most. */
  readonly eventsPerSecond: number
  /** Without statistics: the most messages at once after a pause. */
  readonly burst: number
  /** The most messages that one answer is good for. */
  readonly chunk: number
}

/** What was learnt about messages already written; it moves the rate that is used while there are no statistics. */
export class PacingEvidence extends Context.Service<
  PacingEvidence,
  {
    /** A loss was proven: the rate is halved. */
    readonly lost: Effect.Effect<void>
    /** A batch was confirmed whole: the rate grows a little. */
    readonly confirmed: Effect.Effect<void>
    /** Messages a second that go out while there are no statistics. */
    readonly blindRate: Effect.Effect<number>
  }
>()("waybill/writers/pacing/PacingEvidence") {}

/** Between two questions while the queue is full enough: it drains a few hundred messages meanwhile. */
const RECHECK_MILLIS = 50
/** Between two tries to reach the statistics while nobody is there to answer; such a try costs next to nothing. */
const PROBE_MILLIS = 1000
/** The same while somebody is there and doesn't answer: each try makes the writer wait. */
const PROBE_SILENT_MILLIS = 10_000
const STATS_TIMEOUT = Duration.seconds(2)

interface Grant {
  readonly at: number
  readonly count: number
}

/**
 * Paces by what `readStats` answers; `Pacing` and `PacingEvidence` of one and the same limit.
 *
 * @param current asked at each use: they may change while it runs
 */
export const makePacing = Effect.fnUntraced(function* (
  current: () => PacingOptions,
  readStats: ReadManagerStats,
) {
  const bucket: TokenBucket = yield* makeTokenBucket(() => {
    const { burst, eventsPerSecond } = current()
    return {
      rate: eventsPerSecond,
      burst,
      floor: Math.max(1, eventsPerSecond * FLOOR_SHARE),
      ceiling: eventsPerSecond,
    }
  })
  const lock = yield* Semaphore.make(1)
  let usage: number | undefined
  let steering: Steering = UNSTEERED
  /** While the statistics can't be had: when to try again. */
  let probeAt: number | undefined
  let grants: ReadonlyArray<Grant> = []

  const available = Effect.fnUntraced(function* (stats: ManagerStats) {
    usage = stats.usage
    if (probeAt !== undefined) {
      probeAt = undefined
      yield* Log.info("pacing.stats_available", "The manager's statistics can be had again", {
        queue_usage: stats.usage,
      })
    }
    const next = steer(steering, stats, yield* Clock.currentTimeMillis)
    steering = next.steering
    if (next.droppedSince > 0) {
      yield* count(METRICS.managerDropped, {}, next.droppedSince)
      yield* Log.warning(
        "pacing.manager_dropped",
        "wazuh-analysisd dropped collected logs because its decode queue was full; Waybill now leaves it more room. What was Waybill's is proven missing and written again",
        {
          dropped: next.droppedSince,
          dropped_since_start: stats.dropped,
          queue_usage: stats.usage,
          queue_share: current().queueShare * steering.factor,
        },
      )
    }
  })

  const unavailable = Effect.fnUntraced(function* (error: ManagerSocketError) {
    usage = undefined
    const first = probeAt === undefined
    probeAt = (yield* monotonicMillis) + (error.reason === "timed-out" ? PROBE_SILENT_MILLIS : PROBE_MILLIS)
    if (first) {
      yield* Log.warning(
        "pacing.stats_unavailable",
        `The manager's statistics can't be had (${error.message}): writing at a fixed rate, which the manager may or may not keep up with. Check that queue/sockets/analysis is in the mounted folder and may be written to.`,
        { reason: error.reason, events_per_second: yield* bucket.rate },
      )
    }
  })

  const look = readStats.pipe(
    Effect.tap(available),
    Effect.catchTag("ManagerSocketError", (error) => Effect.as(unavailable(error), undefined)),
  )

  /** What was handed out so shortly before that an answer asked for now may not count it. */
  const recentGrants = Effect.map(monotonicMillis, (now) => {
    grants = grants.filter((grant) => now - grant.at < RECHECK_MILLIS)
    return grants.reduce((sum, grant) => sum + grant.count, 0)
  })

  const permits = Effect.fnUntraced(function* (wanted: number) {
    while (true) {
      const { chunk, queueShare } = current()
      const most = Math.min(wanted, chunk)
      if (probeAt !== undefined && (yield* monotonicMillis) < probeAt) return yield* bucket.take(most)
      const recent = yield* recentGrants
      const stats = yield* look
      if (stats === undefined) return yield* bucket.take(most)
      const share = queueShare * steering.factor
      const left = credit(stats, share, recent)
      if (left >= leastGrant(most, chunk, stats.size, share)) {
        const count = Math.min(most, left)
        grants = [...grants, { at: yield* monotonicMillis, count }]
        return count
      }
      yield* Effect.sleep(RECHECK_MILLIS)
    }
  })

  return {
    pacing: Pacing.of({
      // One question at a time, so that two callers never get the same credit.
      permits: (wanted) => lock.withPermit(permits(wanted)),
      queueUsage: Effect.sync(() => usage),
    }),
    evidence: PacingEvidence.of({
      lost: Effect.asVoid(bucket.halve),
      confirmed: Effect.asVoid(bucket.grow),
      blindRate: bucket.rate,
    }),
  }
})

/** Paces by the analysisd whose statistics are at `statsPath`, e.g. `/var/ossec/queue/sockets/analysis`. */
export const pacingLayer = (
  statsPath: string,
  current: () => PacingOptions,
): Layer.Layer<Pacing | PacingEvidence> =>
  Layer.effectContext(
    Effect.map(makePacing(current, readManagerStats(statsPath, STATS_TIMEOUT)), ({ pacing, evidence }) =>
      Context.make(Pacing, pacing).pipe(Context.add(PacingEvidence, evidence)),
    ),
  )
