/** Which events the index has, asked until it answers. */
import { type Context, Effect } from "effect"
import type { EventType } from "../domain/Event.ts"
import type { Indexer, IndexerError, Slice } from "../indexer/Indexer.ts"
import type { Sought } from "./Verifier.ts"

export interface LookUpOptions {
  readonly indexer: Context.Service.Shape<typeof Indexer>
  readonly answered: Effect.Effect<void>
  readonly failed: (error: IndexerError) => Effect.Effect<void>
  /** Milliseconds between two tries. */
  readonly again: () => number
}

const NONE: ReadonlyMap<string, number> = new Map()

/**
 * Mostly the index has none of them, and that is asked first where it is cheap to ask. While a long gap is filled it
 * is not even asked: the index had nothing from some time on, and since then nobody has written anything as late as
 * what is to be written now. Only this process could have; the state lock and the start see to that.
 */
const makeAsk = ({ answered, indexer }: LookUpOptions) => {
  /** From when on the index had nothing of a kind, and the latest time that was looked up since. */
  const emptyFrom = new Map<EventType, number>()
  const soughtUpTo = new Map<EventType, number>()

  const countOf = (slice: Slice) => Effect.tap(indexer.between(slice), answered)
  const mayHaveSome = Effect.fnUntraced(function* (within: NonNullable<Sought["within"]>, since: number) {
    const { eventType, from, to, writtenUpTo } = within
    const before = Math.max(writtenUpTo, soughtUpTo.get(eventType) ?? Number.NEGATIVE_INFINITY)
    soughtUpTo.set(eventType, Math.max(before, to))
    if (from <= before) return (yield* countOf({ eventType, from, to, since })) > 0
    if (from >= (emptyFrom.get(eventType) ?? Number.POSITIVE_INFINITY)) return false
    if ((yield* countOf({ eventType, from, since })) === 0) {
      emptyFrom.set(eventType, from)
      return false
    }
    return (yield* countOf({ eventType, from, to, since })) > 0
  })

  return Effect.fnUntraced(function* ({ within, ...named }: Sought) {
    if (within !== undefined && !(yield* mayHaveSome(within, named.since))) return NONE
    return yield* Effect.tap(indexer.copies(named), answered)
  })
}

/** Ids that have a document, with how many. */
export const makeLookUp = (options: LookUpOptions) => {
  const ask = makeAsk(options)
  const lookUp = (sought: Sought): Effect.Effect<ReadonlyMap<string, number>> =>
    ask(sought).pipe(
      Effect.tapError(options.failed),
      Effect.catch(() =>
        Effect.andThen(
          Effect.suspend(() => Effect.sleep(options.again())),
          Effect.suspend(() => lookUp(sought)),
        ),
      ),
    )
  return lookUp
}
