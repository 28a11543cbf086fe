/**
 * What became of the records that a feed's source has returned. Pure.
 *
 * Each record is in exactly one of the columns beside `fetched`, or still outstanding. `fetched` is counted where the
 * source answers and the others where each is decided, so that a record that a stage loses shows as a difference.
 */
import { Schema } from "effect"

export const Ledger = Schema.Struct({
  /** Records that the source has returned. */
  fetched: Schema.Int,
  /** Written, and confirmed: a search has returned it; with another `verify.mode` than `always`, written. */
  written: Schema.Int,
  /** Not written, because the index had it before. */
  known: Schema.Int,
  /** The same record once more: twice in one poll, or one whose dead letter waits already. */
  repeated: Schema.Int,
  /** Left out because the configuration says so, like `only: notable`. */
  filtered: Schema.Int,
  /** Became a dead letter. */
  dead: Schema.Int,
})
export type Ledger = typeof Ledger.Type

export const NO_RECORDS: Ledger = { fetched: 0, written: 0, known: 0, repeated: 0, filtered: 0, dead: 0 }

export const entered = (ledger: Ledger, more: Partial<Ledger>): Ledger => ({
  fetched: ledger.fetched + (more.fetched ?? 0),
  written: ledger.written + (more.written ?? 0),
  known: ledger.known + (more.known ?? 0),
  repeated: ledger.repeated + (more.repeated ?? 0),
  filtered: ledger.filtered + (more.filtered ?? 0),
  dead: ledger.dead + (more.dead ?? 0),
})

/** Records of which it is decided what became of them. */
export const settledIn = ({ dead, filtered, known, repeated, written }: Omit<Ledger, "fetched">): number =>
  written + known + repeated + filtered + dead

/** Records of which it is not. Once nothing is on its way it is 0; what is left then nobody can account for. */
export const outstandingIn = (ledger: Ledger): number => ledger.fetched - settledIn(ledger)
