/** Commits a checkpoint; while that fails its feed holds, because what comes after must not pass it. */
import { Effect } from "effect"
import type { Checkpoint } from "../domain/Checkpoint.ts"
import { holding } from "../retry/schedule.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { Checkpoints } from "./Checkpoints.ts"

export interface HoldingCommit {
  /** Goes into the log lines beside the feed. */
  readonly context?: Log.LogFields
}

export const commitHolding = Effect.fnUntraced(function* (
  checkpoint: Checkpoint,
  { context }: HoldingCommit = {},
) {
  const checkpoints = yield* Checkpoints
  const status = yield* RunStatus
  yield* checkpoints.commit(checkpoint).pipe(
    Effect.tapError(({ message }) =>
      Log.error("checkpoint.commit_failed", `${message} The feed holds.`, {
        feed: checkpoint.feed,
        ...context,
      }),
    ),
    Effect.tapError(({ message }) => status.held("checkpoints", message)),
    Effect.retry(yield* holding),
    Effect.orDie,
    Effect.tap(status.released("checkpoints")),
  )
})
