/** Keeps a dead letter. While that fails the feed holds: an event is never given up without a trace. */
import { Effect } from "effect"
import { type DeadLetter, DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import { holding } from "../retry/schedule.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { Policies } from "./Policies.ts"

export const setAside = Effect.fnUntraced(function* (feed: FeedName, letter: DeadLetter) {
  const letters = yield* DeadLetters
  const { maxDelay } = yield* Policies
  const status = yield* RunStatus
  yield* letters.put(letter).pipe(
    Effect.tapError((error) => Log.error("dead_letter.failed", `${error.message} The feed holds.`, { feed })),
    Effect.tapError((error) => status.held("dlq", error.message)),
    Effect.retry(holding(maxDelay)),
    Effect.orDie,
    Effect.tap(status.released("dlq")),
  )
})
