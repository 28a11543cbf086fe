/**
 * What the admin API sends. The names are a contract: `/healthz` and the list of dead letters are read by scripts that
 * are older than Waybill.
 *
 * Times are ISO 8601 in UTC; numbers are counted since this run began.
 */
import { Schema } from "effect"
import { DeadLetterFile, DeadLetterReason } from "../dead-letters/DeadLetters.ts"
import { isKey } from "../dead-letters/keys.ts"
import { SHOWN_LEVELS } from "../telemetry/LogLevel.ts"
import { Receipt } from "../trace/shown.ts"
import { PARTS } from "./readiness.ts"

const time = Schema.String.annotate({ format: "date-time" })
const count = Schema.Int
const MAX_TEXT = 1024

export const DlqStats = Schema.Struct({
  enabled: Schema.Boolean,
  written: count.annotate({ description: "Letters written since this run began." }),
  pending_files: count.annotate({ description: "Letters that wait now." }),
  base_path: Schema.String,
})

export const Health = Schema.Struct({
  uptime_seconds: Schema.Int,
  processed: count.annotate({
    description:
      "Events taken in: failed, stored, and those on their way. What an overlap brings again is not counted again.",
  }),
  failed: count.annotate({ description: "Events that became dead letters." }),
  stored: count.annotate({
    description:
      "Events confirmed: a search has returned them. With verify.mode off or startup-only: written.",
  }),
  dlq_written: count,
  dlq_stats: DlqStats,
  feeds: Schema.Array(
    Schema.Struct({
      feed: Schema.String,
      outstanding: count.annotate({ description: "Events written and not confirmed yet." }),
      committed_at: Schema.NullOr(time),
      stalled: Schema.Boolean,
      failing: Schema.Boolean.annotate({ description: "Whether its last poll failed." }),
    }),
  ),
})
export type Health = typeof Health.Type

const parts = Schema.Array(
  Schema.Struct({
    part: Schema.Literals(PARTS),
    feed: Schema.optionalKey(Schema.String),
    ready: Schema.Boolean,
    why: Schema.optionalKey(Schema.String),
  }),
)
export const Ready = Schema.Struct({ ready: Schema.Literal(true), parts })
export const NotReady = Schema.Struct({ ready: Schema.Literal(false), parts })

/** The place of a feed up to which everything is settled, without the devices of an inventory. */
export const CheckpointPlace = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("time"), up_to: time }),
  Schema.Struct({ kind: Schema.Literal("inventory"), generation: Schema.Int, devices: count }),
  Schema.Struct({ kind: Schema.Literal("sequence"), up_to: Schema.Int }),
])
export type CheckpointPlace = typeof CheckpointPlace.Type

export const Feed = Schema.Struct({
  feed: Schema.String,
  checkpoint: Schema.NullOr(CheckpointPlace),
  committed_at: Schema.NullOr(time),
  counts: Schema.Struct({
    fetched: count.annotate({ description: "Records the source gave, with what the overlap brings again." }),
    written: count.annotate({ description: "Handed to the writer." }),
    outstanding: count.annotate({ description: "Written and not confirmed yet." }),
    confirmed: count,
    known: count.annotate({ description: "The index had them already; they were not sent." }),
    repeated: count.annotate({
      description: "The same record once more: twice in one poll, or its dead letter waits already.",
    }),
    filtered: count.annotate({ description: "The configuration does not want them." }),
    dead: count,
    unaccounted: count.annotate({
      description: "Of which nobody can say what became of them. Always 0, or Waybill has a defect.",
    }),
  }).annotate({
    description:
      "The ledger: once nothing is on its way, fetched = confirmed + known + repeated + filtered + dead.",
  }),
  lag_ms: Schema.NullOr(Schema.Int).annotate({
    description: "From written to searchable, of the last batch.",
  }),
  stalled: Schema.Boolean,
  last_poll: Schema.NullOr(Schema.Struct({ began_at: time, ended_at: Schema.NullOr(time) })).annotate({
    description: "`ended_at` is null while it runs.",
  }),
  next_poll: Schema.NullOr(time),
  last_error: Schema.NullOr(Schema.Struct({ reason: Schema.String, message: Schema.String })).annotate({
    description: "Why the last poll failed; null when it did not.",
  }),
})
export type Feed = typeof Feed.Type

export const FeedList = Schema.Struct({
  feeds: Schema.Array(Feed),
  manager: Schema.Struct({
    queue_usage: Schema.NullOr(Schema.Finite).annotate({
      description: "Its decode queue as last seen, 0 to 1; null where the writer can't see it.",
    }),
  }),
})

/** Samples of the last hour, oldest first; none for a time in which nothing was confirmed. */
export const LagList = Schema.Struct({
  sample_seconds: Schema.Int.annotate({ description: "How long one sample stands for." }),
  feeds: Schema.Array(
    Schema.Struct({
      feed: Schema.String,
      samples: Schema.Array(
        Schema.Struct({
          at: time.annotate({ description: "The beginning of the sample's time." }),
          lag_ms: Schema.Int.annotate({
            description: "The longest, of the batches that were confirmed in that time.",
          }),
        }),
      ),
    }),
  ),
})

const settingValue = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))

export const Reloaded = Schema.Struct({
  changes: Schema.Array(Schema.Struct({ key: Schema.String, from: settingValue, to: settingValue })).annotate(
    { description: "What has changed; secrets are hidden. Empty: nothing had." },
  ),
})

export const ShownLog = Schema.Struct({ level: Schema.Literals(SHOWN_LEVELS) })
export type ShownLog = typeof ShownLog.Type

/** Some, but not all, of the letters: what is absent does not restrict. */
export const letterFilter = {
  reason: Schema.optionalKey(DeadLetterReason),
  source: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(MAX_TEXT))).annotateKey({
    description: "`envelope.source`, e.g. `firewalla-msp`.",
  }),
}

const key = Schema.String.check(
  Schema.makeFilter(isKey, { expected: "the name of a dead letter's file without .json" }),
)

export const ListQuery = {
  ...letterFilter,
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))).annotateKey({
    description: "Letters of one page. Without it all that wait are sent, however many.",
  }),
  cursor: Schema.optionalKey(key).annotateKey({ description: "`next_cursor` of the page before." }),
}

/** Oldest first. */
export const LetterList = Schema.Struct({
  events: Schema.Array(DeadLetterFile),
  count: count.annotate({ description: "Letters in this reply; how many wait is in /healthz." }),
  next_cursor: Schema.optionalKey(Schema.String).annotateKey({
    description: "There are more; absent on the last page.",
  }),
})

export const LetterId = {
  id: Schema.String.annotate({
    description: "`envelope.id` of the letter, or its file's name without .json.",
  }),
}

export const ReplayAsk = Schema.Struct({
  ...letterFilter,
  keys: Schema.optionalKey(Schema.Array(key).check(Schema.isMaxLength(10_000))).annotateKey({
    description: "Only these, by their files' names without .json.",
  }),
  id: Schema.optionalKey(Schema.NonEmptyString.check(Schema.isMaxLength(MAX_TEXT))).annotateKey({
    description: "Only the letter with this envelope.id.",
  }),
  limit: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000_000 })),
  ).annotateKey({
    description: "The most letters that are taken, oldest first.",
  }),
  rate: Schema.optionalKey(
    Schema.Finite.check(Schema.isBetween({ minimum: 0.001, maximum: 100_000 })),
  ).annotateKey({
    description: "The most letters a second.",
  }),
})

export const ReplayResult = Schema.Struct({
  taken: count.annotate({ description: "Letters taken: the sum of the four below." }),
  delivered: count.annotate({ description: "Sent, returned by a search, and removed." }),
  known: count.annotate({ description: "The index had them already; removed." }),
  failed: count.annotate({ description: "Undeliverable once more; they stay, with attempts + 1." }),
  left: count.annotate({ description: "They stay as they were." }),
  complete: Schema.Boolean.annotate({ description: "Whether it came to the end of what was asked for." }),
  failures: Schema.Array(
    Schema.Struct({
      key: Schema.String,
      event_id: Schema.String,
      reason: Schema.String,
      error: Schema.String,
    }),
  ).annotate({ description: "The first of those that failed." }),
  error: Schema.NullOr(Schema.String).annotate({ description: "Why it is not complete." }),
})

export const EventId = {
  id: Schema.NonEmptyString.check(Schema.isMaxLength(MAX_TEXT)).annotate({
    description: "`event_id` of the event, which is `envelope.id` of a dead letter.",
  }),
}

export const ReceiptsQuery = {
  feed: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(MAX_TEXT))).annotateKey({
    description: "Only of this feed, e.g. `firewalla-msp/flows`.",
  }),
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))).annotateKey({
    description: "Receipts of one page; 100 when absent.",
  }),
  cursor: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  ).annotateKey({ description: "`next_cursor` of the page before." }),
}

export const ReceiptList = Schema.Struct({
  receipts: Schema.Array(Receipt),
  count,
  next_cursor: Schema.optionalKey(Schema.Int).annotateKey({
    description: "There are more; absent on the last page.",
  }),
})
