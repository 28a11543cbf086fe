/** Checkpoints that live as long as the process: for tests and dry runs. */
import { Effect, Layer, Option } from "effect"
import type { Checkpoint, FeedName } from "../domain/Checkpoint.ts"
import { Checkpoints } from "./Checkpoints.ts"

export const layer: Layer.Layer<Checkpoints> = Layer.sync(Checkpoints, () => {
  const kept = new Map<FeedName, Checkpoint>()
  return Checkpoints.of({
    load: (feed) => Effect.sync(() => Option.fromUndefinedOr(kept.get(feed))),
    commit: (checkpoint) => Effect.sync(() => void kept.set(checkpoint.feed, checkpoint)),
  })
})
