/**
 * The place of a feed up to which every event is confirmed or dead-lettered.
 *
 * A checkpoint only moves after the indexer has returned the events before it; nothing else may write one.
 */
import { Schema } from "effect"

/** A feed's name, unique over all sources: `<source>/<feed>`, e.g. `firewalla-msp/flows`. */
export type FeedName = string

/** A device of the inventory as the baseline keeps it: just what a change is told by. */
export const BaselineDevice = Schema.Struct({
  gid: Schema.String,
  id: Schema.String,
  name: Schema.String,
  ip: Schema.String,
  network: Schema.String,
  mac_vendor: Schema.String,
})
export type BaselineDevice = typeof BaselineDevice.Type

/** A time series: everything before `up_to` is settled. Epoch milliseconds. */
export const TimePosition = Schema.Struct({ kind: Schema.Literal("time"), up_to: Schema.Number })
/** An inventory: the devices against which the next poll is compared, and how many baselines came before. */
export const InventoryPosition = Schema.Struct({
  kind: Schema.Literal("inventory"),
  generation: Schema.Int,
  devices: Schema.Array(BaselineDevice),
})
/** A queue of Waybill's own: every entry up to this number, from 1, is settled. Numbers are never used again. */
export const SequencePosition = Schema.Struct({ kind: Schema.Literal("sequence"), up_to: Schema.Int })
export const Position = Schema.Union([TimePosition, InventoryPosition, SequencePosition])
export type TimePosition = typeof TimePosition.Type
export type SequencePosition = typeof SequencePosition.Type
export type InventoryPosition = typeof InventoryPosition.Type
export type Position = typeof Position.Type

export const Checkpoint = Schema.Struct({
  version: Schema.Literal(1),
  feed: Schema.NonEmptyString,
  position: Position,
  /** The newest confirmed event, by which the start-up sync asks the indexer whether it still has it. */
  newest: Schema.NullOr(Schema.Struct({ id: Schema.String, time: Schema.Number })),
  /** Events confirmed in this feed since its first start. */
  confirmed: Schema.Int,
  /** ISO 8601 in UTC. */
  committed_at: Schema.String,
})
export type Checkpoint = typeof Checkpoint.Type
