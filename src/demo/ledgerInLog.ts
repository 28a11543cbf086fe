/**
 * A run's ledger, read from its log: the sum of each poll is made again here, so that it does not rest on what Waybill
 * says of itself. Pure.
 */
import { Option, Schema } from "effect"

const Count = Schema.Int
const PollEnded = Schema.Struct({
  event: Schema.Literals(["poll.finished", "poll.failed"]),
  feed: Schema.String,
  fetched: Count,
  written: Count,
  known: Count,
  repeated: Count,
  filtered: Count,
  dead: Count,
  outstanding: Count,
})
const Unbalanced = Schema.Struct({
  event: Schema.Literal("ledger.unbalanced"),
  unaccounted: Count,
  message: Schema.String,
})
const Turn = Schema.Struct({ event: Schema.Literals(["run.started", "run.draining"]) })
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Union([PollEnded, Unbalanced, Turn])))

export interface Unaccounted {
  readonly records: number
  readonly why: string
}

/** What no poll of any run in this log accounts for. After a stop, what was not written yet is left to the next run. */
export const unaccountedIn = (log: string): ReadonlyArray<Unaccounted> => {
  const found: Array<Unaccounted> = []
  let isStopping = false
  for (const text of log.split("\n")) {
    const line = Option.getOrUndefined(decode(text))
    if (line === undefined) continue
    if ("fetched" in line) {
      const { dead, fetched, filtered, known, outstanding, repeated, written } = line
      const records = fetched - written - known - repeated - filtered - dead - (isStopping ? outstanding : 0)
      if (records !== 0) found.push({ records: Math.abs(records), why: `the sum is wrong: ${text}` })
    } else if ("unaccounted" in line) found.push({ records: Math.abs(line.unaccounted), why: line.message })
    else isStopping = line.event === "run.draining"
  }
  return found
}
