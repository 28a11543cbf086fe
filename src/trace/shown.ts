/** Receipts and traces as the admin API and `--json` show them. The names are a contract; times are ISO 8601 in UTC. */
import { Schema } from "effect"
import { DeadLetterReason } from "../dead-letters/DeadLetters.ts"
import { iso } from "../domain/isoTime.ts"
import { STATES, type StoredReceipt } from "../receipts/Receipts.ts"
import { explain, receivedAt } from "./explain.ts"
import type { Trace } from "./trace.ts"
import { TRACE_STATES } from "./verdict.ts"

const time = Schema.String.annotate({ format: "date-time" })
const timeOrNull = Schema.NullOr(time)
const count = Schema.Int

const receiptFields = {
  batch: Schema.String,
  feed: Schema.String,
  state: Schema.Literals(STATES).annotate({
    description:
      "writing, outstanding (not searchable yet), confirmed, settled (written; verify.mode does not search), left (that run ended before).",
  }),
  events: count.annotate({ description: "Events handed to the writer." }),
  known: count.annotate({ description: "The index had them already; they were not sent." }),
  dead: count.annotate({ description: "Records of it that became dead letters." }),
  duplicated: count.annotate({ description: "Events that the index has more than once." }),
  attempts: count,
  first_event: timeOrNull.annotate({ description: "The earliest of the events' own times." }),
  last_event: timeOrNull,
  begun_at: time.annotate({ description: "When it was handed to the writer." }),
  written_at: timeOrNull.annotate({ description: "When the last attempt of it was written." }),
  confirmed_at: timeOrNull.annotate({ description: "When a search had returned all of it." }),
  index: Schema.NullOr(Schema.String).annotate({
    description:
      "Where it lies; null until the search that confirms it, or a trace of one of its events, has told.",
  }),
}

export const Receipt = Schema.Struct(receiptFields)
export type Receipt = typeof Receipt.Type

export const Traced = Schema.Struct({
  event_id: Schema.String,
  state: Schema.Literals(TRACE_STATES),
  summary: Schema.String.annotate({ description: "For people; its wording can change." }),
  advice: Schema.Array(Schema.String),
  received_at: timeOrNull.annotate({ description: "When the source gave it." }),
  event_time: timeOrNull,
  writes: Schema.Array(
    Schema.Struct({
      ...receiptFields,
      dead_letter: Schema.Boolean.annotate({ description: "Whether this event became one in this batch." }),
    }),
  ).annotate({ description: "The batches it was in, newest first." }),
  index: Schema.Struct({
    asked: Schema.Boolean,
    places: Schema.Array(Schema.Struct({ index: Schema.String, shard: Schema.Int })),
  }).annotate({ description: "Where a search returns it now, one entry a document." }),
  dead_letter: Schema.NullOr(
    Schema.Struct({
      key: Schema.String,
      reason: DeadLetterReason,
      error: Schema.String,
      attempts: count,
      timestamp: Schema.String,
      last_attempt: Schema.String,
    }),
  ),
  receipts_since: timeOrNull.annotate({ description: "How far back receipts go." }),
  problems: Schema.Struct({
    index: Schema.NullOr(Schema.String),
    receipts: Schema.NullOr(Schema.String),
    letters: Schema.NullOr(Schema.String),
  }).annotate({ description: "What could not be looked into, and why." }),
})
export type Traced = typeof Traced.Type

/** What lies beyond the times of a Date is told as unknown. */
const timeOf = (millis: number | undefined): string | null =>
  millis === undefined || millis === 0 || Number.isNaN(new Date(millis).getTime()) ? null : iso(millis)

export const shownReceipt = (receipt: StoredReceipt): Receipt => ({
  batch: receipt.batch,
  feed: receipt.feed,
  state: receipt.state,
  events: receipt.events,
  known: receipt.known,
  dead: receipt.dead,
  duplicated: receipt.duplicated,
  attempts: receipt.attempts,
  first_event: timeOf(receipt.firstEventAt),
  last_event: timeOf(receipt.lastEventAt),
  begun_at: iso(receipt.begunAt),
  written_at: timeOf(receipt.writtenAt),
  confirmed_at: timeOf(receipt.confirmedAt),
  index: receipt.index ?? null,
})

export const shownTrace = (trace: Trace): Traced => {
  const { letter, places, problems, writes } = trace
  return {
    event_id: trace.eventId,
    state: trace.state,
    ...explain(trace),
    received_at: timeOf(receivedAt(trace)),
    event_time: timeOf(writes[0]?.eventAt),
    writes: writes.map(({ isDead, receipt }) => ({ ...shownReceipt(receipt), dead_letter: isDead })),
    index: {
      asked: places !== undefined,
      places: (places ?? []).map(({ index, shard }) => ({ index, shard })),
    },
    dead_letter: letter === undefined ? null : letterOf(letter),
    receipts_since: timeOf(trace.receiptsSince),
    problems: {
      index: problems.index ?? null,
      receipts: problems.receipts ?? null,
      letters: problems.letters ?? null,
    },
  }
}

const letterOf = ({ file, key }: NonNullable<Trace["letter"]>): NonNullable<Traced["dead_letter"]> => ({
  key,
  reason: file.reason,
  error: file.error,
  attempts: file.attempts,
  timestamp: file.timestamp,
  last_attempt: file.last_attempt,
})
