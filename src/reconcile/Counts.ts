/**
 * What a comparison of source and index has found and done. Pure.
 *
 * Two sums hold at any time: `atSource = indexed + deadLetters + missing`, and of those missing, once they are
 * settled, `missing = confirmed + deadLettered`.
 */
import { Schema } from "effect"
import type { Receipt } from "../domain/Batch.ts"
import type { WrittenShipment } from "../pipeline/Shipment.ts"
import type { Compared } from "./comparing.ts"

export const Counts = Schema.Struct({
  /** Records that the source has in the window. */
  atSource: Schema.Int,
  /** Of those, found by a search before anything was sent. */
  indexed: Schema.Int,
  /** Of those found, the ones that the index has more than once. */
  duplicated: Schema.Int,
  /** Waiting on disk as dead letters before this began; they are for a replay to deliver. */
  deadLetters: Schema.Int,
  /** Neither in the index nor a dead letter. */
  missing: Schema.Int,
  /** Of the missing ones, handed to the writer. */
  written: Schema.Int,
  /** Of the missing ones, returned by a search afterwards. */
  confirmed: Schema.Int,
  /** Of the missing ones, undeliverable: new dead letters. */
  deadLettered: Schema.Int,
})
export type Counts = typeof Counts.Type

export const noCounts: Counts = {
  atSource: 0,
  indexed: 0,
  duplicated: 0,
  deadLetters: 0,
  missing: 0,
  written: 0,
  confirmed: 0,
  deadLettered: 0,
}

/** What looking has found in one batch, before anything of it is written. */
export const foundIn = ({ letters, shipment }: Compared): Counts => {
  const events = shipment.batch.events.length
  const waiting = letters + events - shipment.known - shipment.toWrite.length
  return {
    ...noCounts,
    atSource: letters + events + shipment.dead,
    indexed: shipment.known,
    duplicated: shipment.duplicated,
    deadLetters: waiting,
    missing: shipment.toWrite.length + shipment.dead,
  }
}

/** The same with what became of it. A record that the window has twice counts once: its second one was not sent. */
export const settledOf = (compared: Compared, written: WrittenShipment, receipt: Receipt): Counts => {
  const found = foundIn(compared)
  const repeated = compared.shipment.toWrite.length - written.taken.length
  const missing = found.missing - repeated
  return {
    ...found,
    atSource: found.atSource - repeated,
    missing,
    written: receipt.written,
    confirmed: missing - receipt.dead,
    deadLettered: receipt.dead,
  }
}

export const add = (a: Counts, b: Counts): Counts => ({
  atSource: a.atSource + b.atSource,
  indexed: a.indexed + b.indexed,
  duplicated: a.duplicated + b.duplicated,
  deadLetters: a.deadLetters + b.deadLetters,
  missing: a.missing + b.missing,
  written: a.written + b.written,
  confirmed: a.confirmed + b.confirmed,
  deadLettered: a.deadLettered + b.deadLettered,
})

/** `count` records will be read again and found in the index: they must not count twice. */
export const withoutReread = (counts: Counts, count: number): Counts => ({
  ...counts,
  atSource: counts.atSource - count,
  indexed: counts.indexed - count,
})
