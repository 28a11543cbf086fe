/**
 * What the admin API sends. The names are a contract: `/healthz` and the list of dead letters are read by scripts that
 * are older than Waybill.
 *
 * Times are ISO 8601 in UTC; numbers are counted since this run began.
 */
import { Schema } from "effect"
import { PARTS } from "./readiness.ts"

const time = Schema.String.annotate({ format: "date-time" })
const count = Schema.Int

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
    written: count,
    outstanding: count.annotate({ description: "Written and not confirmed yet." }),
    confirmed: count,
    known: count.annotate({ description: "The index had them already; they were not sent." }),
    dead: count,
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

export const FeedList = Schema.Struct({ feeds: Schema.Array(Feed) })
