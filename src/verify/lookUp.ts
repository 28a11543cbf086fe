/** Which events the index has, asked until it answers. */
import { type Context, Effect } from "effect"
import type { Indexer, IndexerError } from "../indexer/Indexer.ts"
import type { Sought } from "./Verifier.ts"

export interface LookUpOptions {
  readonly answered: Effect.Effect<void>
  readonly failed: (error: IndexerError) => Effect.Effect<void>
  /** Milliseconds between two tries. */
  readonly again: () => number
}

const NONE: ReadonlyMap<string, number> = new Map()

/** Mostly the index has none of them, and that is asked first where it is cheap to ask. */
const ask = (indexer: Context.Service.Shape<typeof Indexer>, { ids, since, within }: Sought) =>
  within === undefined
    ? indexer.copies({ ids, since })
    : Effect.flatMap(indexer.between({ ...within, since }), (events) =>
        events === 0 ? Effect.succeed(NONE) : indexer.copies({ ids, since }),
      )

/** Ids that have a document, with how many. */
export const makeLookUp = ({ again, answered, failed }: LookUpOptions) => {
  const lookUp = (
    indexer: Context.Service.Shape<typeof Indexer>,
    sought: Sought,
  ): Effect.Effect<ReadonlyMap<string, number>> =>
    ask(indexer, sought).pipe(
      Effect.tap(answered),
      Effect.tapError(failed),
      Effect.catch(() =>
        Effect.andThen(
          Effect.suspend(() => Effect.sleep(again())),
          Effect.suspend(() => lookUp(indexer, sought)),
        ),
      ),
    )
  return lookUp
}
