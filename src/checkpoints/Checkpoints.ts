/**
 * Where checkpoints are kept, one per feed.
 *
 * The contract that every implementation keeps:
 * - After `commit` has succeeded the checkpoint survives a crash of the machine.
 * - A commit that fails, or is cut short at any point, leaves the checkpoint before it readable.
 */
import { Context, Data, type Effect, type Option } from "effect"
import type { Checkpoint, FeedName } from "../domain/Checkpoint.ts"

export class CheckpointError extends Data.TaggedError("CheckpointError")<{
  readonly operation: "load" | "commit"
  readonly feed: FeedName
  /** What happened, where, and what to do about it. */
  readonly message: string
}> {}

export class Checkpoints extends Context.Service<
  Checkpoints,
  {
    readonly load: (feed: FeedName) => Effect.Effect<Option.Option<Checkpoint>, CheckpointError>
    readonly commit: (checkpoint: Checkpoint) => Effect.Effect<void, CheckpointError>
  }
>()("waybill/checkpoints/Checkpoints") {}
