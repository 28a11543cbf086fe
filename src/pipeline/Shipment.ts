/** A batch on its way, with what has become of its events so far. */
import type { Batch } from "../domain/Batch.ts"
import type { Event } from "../domain/Event.ts"

export interface Shipment {
  readonly batch: Batch
  /** Records of its page that became dead letters instead of events. */
  readonly dead: number
  /** Events that are to be written: those that the index does not have. */
  readonly toWrite: ReadonlyArray<Event>
  /** Events that the index already had, and of those, how many it has more than once. */
  readonly known: number
  readonly duplicated: number
  /** Records of its page that need no event, and events of it that are another one's, or whose letter waits. */
  readonly repeated: number
  /** Records of its page that the configuration does not want. */
  readonly filtered: number
  /**
   * On the last batch of a page: how many records its poll had fetched with that page. Once all before it is settled so
   * many must be accounted for.
   */
  readonly fetchedUpTo?: number
}

/** A shipment that has been handed to the writer. Epoch milliseconds. */
export interface WrittenShipment extends Shipment {
  /** The events that count as in flight until this shipment is settled. */
  readonly taken: ReadonlyArray<Event>
  readonly startedAt: number
  readonly writtenAt: number
}
