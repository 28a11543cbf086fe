/**
 * Structured log lines. Every line has an `event` from the closed list below, which `docs/telemetry.md` explains;
 * code that logs anything else does not compile.
 */
import { Effect } from "effect"

export const LOG_EVENTS = [
  "run.started",
  "run.draining",
  "run.stopped",
  "run.drain_incomplete",
  "run.failed",
  "config.insecure",
  "config.reloaded",
  "config.reload_refused",
  "canary.sent",
  "canary.arrived",
  "canary.confirmed",
  "canary.waiting",
  "verify.limited",
  "verify.not_searched",
  "sync.in_sync",
  "sync.rewound",
  "sync.no_data",
  "sync.skipped",
  "sync.indexer_ahead",
  "sync.late",
  "gap.lost",
  "state.taken_over",
  "state.ignored",
  "status.dropped",
  "poll.started",
  "poll.finished",
  "poll.failed",
  "feed.defect",
  "run.part_defect",
  "ledger.unbalanced",
  "source.retrying",
  "source.settled_second",
  "source.unsorted",
  "source.outside_slice",
  "source.beyond_retention",
  "batch.written",
  "batch.confirmed",
  "batch.unconfirmed",
  "batch.known",
  "batch.lost",
  "delivery.stalled",
  "delivery.recovered",
  "checkpoint.committed",
  "checkpoint.commit_failed",
  "checkpoint.recovered",
  "checkpoint.unreadable",
  "writer.reconnecting",
  "writer.holding",
  "writer.resumed",
  "writer.doubtful",
  "writer.rotated",
  "writer.rotation_failed",
  "pacing.stats_unavailable",
  "pacing.stats_available",
  "pacing.manager_dropped",
  "indexer.unavailable",
  "indexer.available",
  "indexer.index_gone",
  "index.duplicates",
  "dead_letter.written",
  "dead_letter.skipped",
  "dead_letter.failed",
  "dead_letter.failed_again",
  "dead_letter.disabled",
  "replay.finished",
  "reconcile.finished",
  "reconcile.found_missing",
  "reconcile.failed",
  "state.lock_unsupported",
  "admin.listening",
  "admin.changed",
  "admin.refused",
  "admin.failed",
  "hec.listening",
  "hec.certificate_renewed",
  "hec.certificate_unusable",
  "hec.sender_unknown",
  "hec.full",
  "hec.room_again",
  "hec.spool_failed",
  "hec.spool_recovered",
  "receipts.failed",
  "receipts.recovered",
  "receipts.set_aside",
] as const
export type LogEvent = (typeof LOG_EVENTS)[number]

/** Fields of a line beside `ts`, `level`, `event` and `message`; counts as numbers, times as ISO 8601. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | object>>

const at =
  (write: (message: string) => Effect.Effect<void>) =>
  (event: LogEvent, message: string, fields: LogFields = {}): Effect.Effect<void> =>
    Effect.annotateLogs(write(message), { event, ...fields })

export const debug = at(Effect.logDebug)
export const info = at(Effect.logInfo)
export const warning = at(Effect.logWarning)
export const error = at(Effect.logError)
