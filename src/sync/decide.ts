/**
 * What the start-up sync makes of a checkpoint and of what the index still has. Pure.
 *
 * It follows the design that Waybill began with (a state that is ahead of the index is rewound to it, an index that is
 * ahead is left alone, an empty index is no reason to fetch everything again), with one difference: not the times
 * decide whether the index has lost something, but whether it still has the newest event that the checkpoint knows.
 * A quiet feed's checkpoint is always later than its newest event, and nothing is lost by that.
 */
import type { Checkpoint } from "../domain/Checkpoint.ts"
import type { NewestEvent } from "../indexer/IndexHistory.ts"

/** What searches have returned about one feed. */
export interface InIndex {
  /** The event of the feed's kind with the latest own time; undefined when the index has none at all. */
  readonly newest: NewestEvent | undefined
  /** Whether it has the checkpoint's newest event. Of no meaning when the checkpoint knows of none. */
  readonly hasCheckpointsNewest: boolean
}

export type Decision =
  | { readonly _tag: "InSync" }
  /** `checkpoint` is to be committed in place of the one there is. Epoch milliseconds. */
  | {
      readonly _tag: "Rewound"
      readonly from: number
      readonly to: number
      readonly checkpoint: Omit<Checkpoint, "committed_at">
    }
  /** `missing`: when the newest event was that the checkpoint counts as confirmed and nobody can fetch from here. */
  | { readonly _tag: "NoData"; readonly missing: number | undefined }
  | { readonly _tag: "IndexerAhead"; readonly newest: number }

const wholeSecond = (millis: number): number => Math.floor(millis / 1000) * 1000

/** @param checkpoint undefined on a feed's first run */
export const decide = (
  checkpoint: Checkpoint | undefined,
  { newest, hasCheckpointsNewest }: InIndex,
): Decision => {
  const known = checkpoint?.newest ?? undefined
  if (newest === undefined) return { _tag: "NoData", missing: known?.time }
  if (checkpoint === undefined) return { _tag: "IndexerAhead", newest: newest.timeMillis }

  const { position } = checkpoint
  if (position.kind !== "time") {
    // Neither an older baseline is kept nor an entry that was settled, so there is nothing to rewind to.
    return known === undefined || hasCheckpointsNewest
      ? { _tag: "InSync" }
      : { _tag: "NoData", missing: known.time }
  }
  if (known === undefined) {
    return newest.timeMillis > position.up_to
      ? { _tag: "IndexerAhead", newest: newest.timeMillis }
      : { _tag: "InSync" }
  }
  if (hasCheckpointsNewest) {
    return newest.timeMillis > known.time
      ? { _tag: "IndexerAhead", newest: newest.timeMillis }
      : { _tag: "InSync" }
  }
  // Never beyond the lost event either: an index that has later ones has a hole there.
  const to = Math.min(wholeSecond(Math.min(newest.timeMillis, known.time)), position.up_to)
  return {
    _tag: "Rewound",
    from: position.up_to,
    to,
    checkpoint: {
      version: checkpoint.version,
      feed: checkpoint.feed,
      position: { kind: "time", up_to: to },
      newest: { id: newest.id, time: newest.timeMillis },
      confirmed: checkpoint.confirmed,
    },
  }
}
