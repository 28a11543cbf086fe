/**
 * When a written event that no search returns is lost, and not merely late. Pure.
 *
 * The rule, for an event m of a write w:
 * 1. Something written after w ended has become searchable: the chain has moved past m.
 * 2. From then a grace passes. Order is nearly kept (analysisd swaps neighbours by up to 170 places and 0.9 s, and
 *    Filebeat ships one file in order), so by its end m is in the index, if it is anywhere.
 * 3. Something written after that, a witness, is searchable on EVERY shard of the index that m belongs to. Each shard
 *    refreshes on its own, and so does each copy of a shard. A witness came to its shard after m came there, so the
 *    refresh that shows the witness shows m.
 * 4. One and the same search returns the witnesses and does not return m: it asked one copy of each shard, so m is
 *    missing on the very copies that show the witnesses. Then m is lost.
 *
 * No step depends on how long anything takes. A chain that is slow, paused or rarely refreshed delays the steps and
 * changes no answer.
 *
 * The index that m belongs to: indices are daily, and day follows day. m arrived after its write began and before the
 * witnesses. So if the witnesses lie in an index of which something was seen before w began, m can be in no other. If
 * that index came up later (midnight in UTC lies between), m may be in the one before, whose shards nothing new
 * touches: then a long grace is waited in place of a proof, and the search of step 4 is made after it.
 */
import type { Place } from "../indexer/Indexer.ts"

export type Judgement =
  | { readonly _tag: "Open" }
  /** Every shard of `index` is covered by witnesses, but the event may belong to an index before it. */
  | { readonly _tag: "Covered"; readonly index: string }
  | { readonly _tag: "Proven"; readonly index: string }

export const OPEN: Judgement = { _tag: "Open" }

export interface Testimony {
  /** When the write began, epoch milliseconds. */
  readonly startedAt: number
  /** Where the searched witnesses lie. */
  readonly places: ReadonlyArray<Place>
  readonly shardsOf: ReadonlyMap<string, number>
  /** When anything was first seen in an index, epoch milliseconds. */
  readonly firstSeenAt: ReadonlyMap<string, number>
}

/** Steps 3 and 4, given that the search has not returned m. */
export const judge = ({ startedAt, places, shardsOf, firstSeenAt }: Testimony): Judgement => {
  const shards = new Map<string, Set<number>>()
  for (const { index, shard } of places) {
    const of = shards.get(index) ?? new Set()
    shards.set(index, of.add(shard))
  }
  let judgement: Judgement = OPEN
  for (const [index, covered] of shards) {
    if (covered.size < (shardsOf.get(index) ?? Number.POSITIVE_INFINITY)) continue
    if ((firstSeenAt.get(index) ?? Number.POSITIVE_INFINITY) <= startedAt) return { _tag: "Proven", index }
    judgement = { _tag: "Covered", index }
  }
  return judgement
}

/** Batches up to this size are no proof of an outage when all of them are missing. */
const FEW = 10

export interface Attempted {
  /** Events of the batch, and how many of them have been returned by a search so far, in any attempt. */
  readonly events: number
  readonly confirmed: number
  /** Events written just after the attempt that have been returned. */
  readonly neighbours: number
}

/**
 * Whether an attempt that lost events says something about those events (they may be poison) or about the chain (an
 * outage, which is never a reason to give an event up). Others written about the same time must have arrived; and many
 * events that have nothing in common but their batch are not all poison at once.
 */
export const countsAgainstEvents = ({ events, confirmed, neighbours }: Attempted): boolean =>
  neighbours > 0 && (confirmed > 0 || events <= FEW)
