/** How a Waybill is, as `status` and `feeds` show it. Its keys are a contract: docs/cli-json.md. */
import type { CheckpointPlace, Feed, Health } from "../../admin/shapes.ts"

export interface LagSample {
  /** ISO 8601. */
  readonly at: string
  readonly lag_ms: number
}

/** What only a running Waybill knows is null where there is none. */
export interface FeedReport
  extends Pick<Feed, "feed" | "committed_at" | "last_poll" | "next_poll" | "last_error"> {
  /** Seconds between two polls; null where others push. */
  readonly interval_seconds: number | null
  readonly checkpoint: CheckpointPlace | null
  /** How far the checkpoint lies behind; null for a feed that is pushed, and where there is no checkpoint. */
  readonly checkpoint_age_seconds: number | null
  readonly counts: Feed["counts"] | null
  readonly lag_ms: number | null
  readonly stalled: boolean | null
}

export interface NotReady {
  readonly part: string
  readonly feed: string | null
  readonly why: string
}

export interface StatusReport {
  readonly running: boolean
  /** Why nobody could be asked; null while it runs. */
  readonly why: string | null
  readonly url: string
  readonly uptime_seconds: number | null
  readonly ready: boolean | null
  readonly not_ready: ReadonlyArray<NotReady>
  /** The manager's decode queue, 0 to 1. */
  readonly manager_queue_usage: number | null
  /** Letters that wait; null where their folder can't be read. */
  readonly dead_letters: number | null
  readonly totals: Pick<Health, "processed" | "stored" | "failed"> | null
  readonly feeds: ReadonlyArray<FeedReport>
}

/** Seconds, never below 0: the clocks of two machines may differ. */
export const ageOf = (
  checkpoint: CheckpointPlace | null,
  committedAt: string | null,
  now: number,
): number | null => {
  switch (checkpoint?.kind) {
    case "time":
      return Math.max(0, now - Date.parse(checkpoint.up_to)) / 1000
    case "inventory":
      return committedAt === null ? null : Math.max(0, now - Date.parse(committedAt)) / 1000
    default:
      return null
  }
}

/** A feed of which nobody can tell more than its checkpoint. */
export const stillFeed = (
  feed: string,
  intervalSeconds: number | null,
  checkpoint: CheckpointPlace | null,
  committedAt: string | null,
  now: number,
): FeedReport => ({
  feed,
  interval_seconds: intervalSeconds,
  checkpoint,
  committed_at: committedAt,
  checkpoint_age_seconds: ageOf(checkpoint, committedAt, now),
  counts: null,
  lag_ms: null,
  stalled: null,
  last_poll: null,
  next_poll: null,
  last_error: null,
})
