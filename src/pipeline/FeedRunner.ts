/** Polls one feed for as long as the run lasts. */
import { type Cause, Duration, Effect, Option } from "effect"
import { Checkpoints } from "../checkpoints/Checkpoints.ts"
import { sleepAsSet } from "../config/NextReload.ts"
import { monotonicMillis } from "../domain/monotonicTime.ts"
import { LongestWait } from "../retry/LongestWait.ts"
import type { Feed, SourceError } from "../sources/Source.ts"
import { DEFECT, RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { count } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import { deliver } from "./Delivery.ts"
import { defectText, isDefect, LONGEST_PAUSE, pauseAfterDefect, tellDefect } from "./defects.ts"
import { InFlight } from "./InFlight.ts"
import { Stop } from "./Stop.ts"

const FIRST_PAUSE = Duration.seconds(5)

/** A proxy may lock an account, too. */
const isRefusedLogin = ({ reason }: SourceError): boolean =>
  reason._tag === "ProxyRefused" && reason.status === 407

/**
 * How long to wait after the nth failed poll in a row (1 is the first): doubling up to `LongestWait`, and never longer
 * than the feed waits between two polls that succeed.
 */
export const pauseAfterFailure = (
  error: SourceError,
  failures: number,
  interval: Duration.Duration,
  longestWait: Duration.Duration,
): Duration.Duration => {
  // A refused token is for a person to mend; asking often could lock the account.
  if (error.reason._tag === "Unauthorized" || isRefusedLogin(error)) return interval
  const doubling = Duration.times(FIRST_PAUSE, 2 ** Math.min(failures - 1, 16))
  const floor =
    error.reason._tag === "RateLimited" ? Duration.millis(error.reason.retryAfterMillis ?? 0) : Duration.zero
  return Duration.max(floor, Duration.min(doubling, Duration.min(interval, longestWait)))
}

const poll = Effect.fnUntraced(function* (feed: Feed) {
  const checkpoints = yield* Checkpoints
  const startedAt = yield* monotonicMillis
  const status = yield* RunStatus
  yield* status.pollBegan(feed.name)
  const checkpoint = yield* checkpoints.load(feed.name)
  if (Option.isSome(checkpoint)) yield* status.checkpointed(checkpoint.value)
  yield* Log.debug("poll.started", `Polling ${feed.name}`, { feed: feed.name })
  const { failure, ...counts } = yield* deliver(feed, checkpoint)
  const took = (yield* monotonicMillis) - startedAt
  yield* count(METRICS.polls, { feed: feed.name, outcome: failure === undefined ? "finished" : "failed" })
  if (failure === undefined)
    yield* Log.info("poll.finished", `${feed.name} is settled up to now`, {
      feed: feed.name,
      ...counts,
      took_ms: took,
    })
  else
    yield* Log.warning("poll.failed", `${failure.message} The checkpoint stays where it is.`, {
      feed: feed.name,
      ...counts,
      reason: failure.reason._tag,
      request: failure.request,
      took_ms: took,
    })
  return { failure, took }
})

/** What a poll that a defect has cut off leaves to be done before the next one. */
export interface AfterDefect<R> {
  /**
   * Waits until what was handed to the writer has arrived or never will: only then a search says truly what was sent.
   */
  readonly clearTheWay: Effect.Effect<unknown, never, R>
}

/**
 * Ends when a stop has been requested and what was on its way is settled. `afterPoll` runs between two polls, after one
 * that came to its end: at no other time is it certain that nothing of this feed is on its way.
 *
 * A defect, wherever it is between the source and the checkpoint, cuts the poll off as a kill would, and this feed's
 * alone. What it had in its hands stays there until the way is clear; then the feed begins again at its checkpoint, and
 * its source says of all that was handed on that it may have been sent.
 */
export const runFeed = Effect.fnUntraced(function* <R = never, R2 = never>(
  feed: Feed,
  afterPoll: Effect.Effect<void, never, R> = Effect.void,
  { clearTheWay }: AfterDefect<R2> = { clearTheWay: Effect.void },
) {
  const stop = yield* Stop
  const status = yield* RunStatus
  const { inFlight, letGo } = yield* (yield* InFlight).hands
  const longestWait = yield* LongestWait
  let failures = 0
  let defects = 0
  let isCutOff = false

  const afterDefect = Effect.fnUntraced(function* (cause: Cause.Cause<unknown>) {
    defects += 1
    isCutOff = true
    const pause = pauseAfterDefect(defects)
    yield* tellDefect("feed.defect", feed.name, cause, {
      feed: feed.name,
      defects,
      pause_ms: Duration.toMillis(pause),
    })
    yield* status.abandoned(feed.name)
    return {
      pause: () => pause,
      failure: {
        reason: DEFECT,
        message: `${feed.name} is held by a defect of Waybill's own (${defectText(cause)}) and tried again. The other feeds go on. Its log line feed.defect has the cause: please report it.`,
      },
    }
  })

  while (!(yield* stop.isRequested)) {
    if (isCutOff) {
      yield* Effect.raceFirst(clearTheWay, stop.requested)
      if (yield* stop.isRequested) break
      yield* letGo
      isCutOff = false
    }
    const beganAt = yield* monotonicMillis
    const { failure, pause } = yield* poll(feed).pipe(
      Effect.tap(({ failure }) => (failure === undefined ? afterPoll : Effect.void)),
      Effect.tap(() =>
        Effect.sync(() => {
          defects = 0
        }),
      ),
      Effect.map(({ failure, took }) => {
        failures = failure === undefined ? 0 : failures + 1
        const pause = () =>
          failure === undefined
            ? Duration.max(Duration.zero, Duration.subtract(feed.interval(), Duration.millis(took)))
            : pauseAfterFailure(failure, failures, feed.interval(), longestWait)
        return {
          pause,
          failure:
            failure === undefined ? undefined : { reason: failure.reason._tag, message: failure.message },
        }
      }),
      Effect.catchTag("CheckpointError", (error) =>
        Effect.as(
          Log.error("checkpoint.unreadable", `${error.message} The feed holds.`, { feed: feed.name }),
          { pause: () => longestWait, failure: { reason: error._tag, message: error.message } },
        ),
      ),
      Effect.provideService(InFlight, inFlight),
      Effect.catchCause((cause) => {
        if (!isDefect(cause)) return Effect.failCause(cause)
        // A poll of pushed records does not end; one that went well for long has got over what was before.
        return Effect.flatMap(monotonicMillis, (now) => {
          if (now - beganAt > Duration.toMillis(LONGEST_PAUSE)) defects = 0
          return afterDefect(cause)
        })
      }),
    )
    yield* status.pollEnded(feed.name, failure, Duration.toMillis(pause()))
    yield* Effect.raceFirst(sleepAsSet(pause), stop.requested)
  }
})
