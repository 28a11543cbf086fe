/** Events that are written and confirmed together, in feed order. */
import type { Option } from "effect"
import type { FeedName, Position } from "./Checkpoint.ts"
import type { Event } from "./Event.ts"

export interface Batch {
  /** Unique over runs; in every log line and in the `waybill.batch` field of each of its events. */
  readonly id: string
  readonly feed: FeedName
  readonly events: ReadonlyArray<Event>
  /** What the checkpoint may say once this batch and all before it are settled. */
  readonly position: Option.Option<Position>
  /** Whether an earlier poll or run may have sent some of these: then the indexer is asked first. */
  readonly maybeSent: boolean
  /** Whether these are dead letters that are sent again, and to be delivered although the letters still wait. */
  readonly replayed?: boolean
}

/** The proof for a batch: that a search has returned every event of it. */
export interface Receipt {
  readonly batch: string
  readonly feed: FeedName
  /** Events that this run wrote. */
  readonly written: number
  /** Events that the indexer already had and that were therefore not sent. */
  readonly known: number
  /** Events that became dead letters. */
  readonly dead: number
  /** Events that the indexer holds more than once. */
  readonly duplicated: number
  /** The highest attempt that one of its events needed. */
  readonly attempts: number
  /** Epoch milliseconds. */
  readonly writtenAt: number
  readonly confirmedAt: number
  /** The index in which all of it is; undefined where nobody searched, or the search could not tell. */
  readonly index: string | undefined
}
