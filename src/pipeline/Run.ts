/** What tells one run of Waybill from another, and the names it gives to its batches. */
import { Clock, Context, Effect, Layer, Ref } from "effect"
import type { FeedName } from "../domain/Checkpoint.ts"

export class Run extends Context.Service<
  Run,
  {
    /** When this run started, e.g. `20260222T191304123`. */
    readonly id: string
    /** Unique over runs, e.g. `flows-20260222T191304123-17`. */
    readonly nextBatchId: (feed: FeedName) => Effect.Effect<string>
  }
>()("waybill/pipeline/Run") {
  static readonly layer: Layer.Layer<Run> = Layer.effect(
    Run,
    Effect.gen(function* () {
      const id = new Date(yield* Clock.currentTimeMillis).toISOString().replace(/[-:.Z]/g, "")
      const last = yield* Ref.make(0)
      return Run.of({
        id,
        nextBatchId: (feed) =>
          Effect.map(
            Ref.updateAndGet(last, (n) => n + 1),
            (n) => `${feed.slice(feed.lastIndexOf("/") + 1)}-${id}-${n}`,
          ),
      })
    }),
  )
}
