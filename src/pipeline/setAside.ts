/** Keeps a dead letter. While that fails the feed holds: an event is never given up without a trace. */
import { Effect } from "effect"
import { type DeadLetter, DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import { holding } from "../retry/schedule.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { count } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"

/** Succeeds with whether it is a letter that was not there before. */
export const setAside = Effect.fnUntraced(function* (feed: FeedName, letter: DeadLetter) {
  const letters = yield* DeadLetters
  const status = yield* RunStatus
  // An overlap brings a record again that waits here already; it is the same letter then.
  const isNew = !letters.has(letter.envelope.id)
  yield* letters.put(letter).pipe(
    Effect.tapError((error) => Log.error("dead_letter.failed", `${error.message} The feed holds.`, { feed })),
    Effect.tapError((error) => status.held("dlq", error.message)),
    Effect.retry(yield* holding),
    Effect.orDie,
    Effect.tap(status.released("dlq")),
  )
  if (!isNew) return false
  yield* count(METRICS.events, { feed, stage: "dead" })
  yield* count(METRICS.dlqWritten, { reason: letter.reason })
  return true
})
