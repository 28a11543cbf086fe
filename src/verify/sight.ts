/**
 * Whether the events of a kind can be seen at all, which no canary of `Canary.ts` tells: it is of another kind. Pure.
 *
 * A loss of ALL that was written of a kind looks the same in three cases: the indexer's user may not see these events,
 * or they are not indexed, or the chain has dropped them. Only in the last one they may be written again. So such a loss
 * counts for nothing until something of that very kind, written later, has been returned by a search:
 * - An event of the kind. It went the way of the lost ones, so they would be there.
 * - A canary of the feed (`feedCanary.ts`), which has what roles and rules tell feeds by, and nothing else of an event.
 *   Where no event of the kind was ever seen in this run that is not enough for all: a role or a rule may go by what
 *   only real events have. Then one event, the scout, is written again; when it has arrived, the rest is proven anew.
 */

/** Epoch milliseconds. */
export interface Sighted {
  /** When the newest write began of which an event was returned; -Infinity for one that an earlier run wrote. */
  readonly event: number | undefined
  /** The same of canaries of the feed. */
  readonly canary: number | undefined
}

export const UNSEEN: Sighted = { event: undefined, canary: undefined }

export type WholeLoss =
  /** The loss is what it seems: the events may be written again, and the attempt counts as others do. */
  | "proven"
  /** One event may be written again, and its loss says nothing against it. */
  | "scout"
  /** Nothing may be written or given up. */
  | "hold"

const isSince = (seen: number | undefined, since: number): boolean => seen !== undefined && seen >= since

/**
 * What may follow from the proven loss of all of a kind in one write.
 *
 * @param startedAt when the lost write began
 * @param writtenAt when it had ended, the last of its attempts
 */
export const judgeWholeLoss = (
  { canary, event }: Sighted,
  { startedAt, writtenAt }: { readonly startedAt: number; readonly writtenAt: number },
): WholeLoss => {
  if (isSince(event, startedAt)) return "proven"
  if (!isSince(canary, writtenAt)) return "hold"
  return event === undefined ? "scout" : "proven"
}
