/** What can be said of one event from what is known of it. Pure. */
import type { TracedWrite } from "../receipts/Receipts.ts"

/**
 * - `searchable`: a search returns it now.
 * - `dead`: it waits as a dead letter.
 * - `on_its_way`: handed to the writer, and no search has returned it yet.
 * - `confirmed`: a search has returned it; the indexer could not be asked now.
 * - `gone`: a search has returned it once and does not now.
 * - `settled`: written while nobody searched (`verify.mode`), and not returned now.
 * - `left`: written by a run that ended before it was settled, and not returned now.
 * - `purged`: it became a dead letter, and no letter waits.
 * - `unknown`: nothing here knows it.
 */
export const TRACE_STATES = [
  "searchable",
  "dead",
  "on_its_way",
  "confirmed",
  "gone",
  "settled",
  "left",
  "purged",
  "unknown",
] as const
export type TraceState = (typeof TRACE_STATES)[number]

export interface Known {
  /** Documents of it that a search returns; undefined: the indexer could not be asked. */
  readonly copies: number | undefined
  readonly hasLetter: boolean
  /** Of the newest batch that it was in. */
  readonly write: { readonly state: TracedWrite["receipt"]["state"]; readonly isDead: boolean } | undefined
}

export const verdictOf = ({ copies, hasLetter, write }: Known): TraceState => {
  if (copies !== undefined && copies > 0) return "searchable"
  if (hasLetter) return "dead"
  if (write === undefined) return "unknown"
  if (write.isDead) return "purged"
  switch (write.state) {
    case "writing":
    case "outstanding":
      return "on_its_way"
    case "confirmed":
      return copies === undefined ? "confirmed" : "gone"
    default:
      return write.state
  }
}
