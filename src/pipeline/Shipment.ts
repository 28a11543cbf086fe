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
}

/** A shipment that has been handed to the writer. Epoch milliseconds. */
export interface WrittenShipment extends Shipment {
  /** The events that count as in flight until this shipment is settled. */
  readonly taken: ReadonlyArray<Event>
  readonly startedAt: number
  readonly writtenAt: number
}
