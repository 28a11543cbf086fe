/** Commits a checkpoint that the start has decided on; while that fails the start holds, as the pipeline does. */
import { Effect, Schedule } from "effect"
import { Checkpoints } from "../checkpoints/Checkpoints.ts"
import type { Checkpoint } from "../domain/Checkpoint.ts"
import * as Log from "../telemetry/log.ts"

export const commitHolding = Effect.fnUntraced(function* (checkpoint: Checkpoint) {
  const checkpoints = yield* Checkpoints
  yield* checkpoints.commit(checkpoint).pipe(
    Effect.tapError(({ message }) =>
      Log.error("checkpoint.commit_failed", `${message} The feed holds.`, { feed: checkpoint.feed }),
    ),
    Effect.retry(Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")])),
    Effect.orDie,
  )
})
