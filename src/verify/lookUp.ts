/** Which ids the index has, asked until it answers. */
import { type Context, Effect } from "effect"
import type { Indexed, Indexer, IndexerError } from "../indexer/Indexer.ts"

export interface LookUpOptions {
  readonly answered: Effect.Effect<void>
  readonly failed: (error: IndexerError) => Effect.Effect<void>
  /** Milliseconds between two tries. */
  readonly again: number
}

/** Ids that have a document, with how many. Counted first: mostly none has one, and counting is cheaper. */
export const makeLookUp = ({ again, answered, failed }: LookUpOptions) => {
  const lookUp = (
    indexer: Context.Service.Shape<typeof Indexer>,
    query: Indexed,
  ): Effect.Effect<ReadonlyMap<string, number>> =>
    indexer.count(query).pipe(
      Effect.tap(answered),
      Effect.flatMap((found) =>
        found === 0 ? Effect.succeed(new Map<string, number>()) : indexer.copies(query),
      ),
      Effect.tapError(failed),
      Effect.catch(() =>
        Effect.andThen(
          Effect.sleep(again),
          Effect.suspend(() => lookUp(indexer, query)),
        ),
      ),
    )
  return lookUp
}
