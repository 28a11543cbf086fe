/** Keeps a dead letter. While that fails the feed holds: an event is never given up without a trace. */
import { Effect } from "effect"
import { type DeadLetter, DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import { holding } from "../retry/schedule.ts"
import * as Log from "../telemetry/log.ts"
import { Policies } from "./Policies.ts"

export const setAside = Effect.fnUntraced(function* (feed: FeedName, letter: DeadLetter) {
  const letters = yield* DeadLetters
  const { maxDelay } = yield* Policies
  yield* letters.put(letter).pipe(
    Effect.tapError((error) => Log.error("dead_letter.failed", `${error.message} The feed holds.`, { feed })),
    Effect.retry(holding(maxDelay)),
    Effect.orDie,
  )
})
