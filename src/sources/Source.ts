/**
 * A configured origin of records, and its feeds.
 *
 * The contract that every source keeps:
 * - `poll` yields pages in feed order, and pulls the next one only on demand: memory is bounded by the consumer.
 * - A page's `position` may be committed once that page and all before it are settled, never earlier.
 * - A page that can't be had fails the stream. It is never taken as the end, and no position past it is yielded.
 * - A record that the source can't read still becomes an envelope: judging records is the normalizer's part.
 * - Nothing that was returned is skipped: each record is an envelope, or refused, repeated or filtered.
 * - `between` yields what `poll` would of that time, under the same ids. Its positions lie within the window and are
 *   progress in it: from each of them the rest is found by asking again. They are never a checkpoint.
 */
import { Context, Data, type Duration, type Effect, type Option, type Stream } from "effect"
import type { Checkpoint, FeedName, Position } from "../domain/Checkpoint.ts"
import type { Envelope } from "../domain/Envelope.ts"
import type { EventType } from "../domain/Event.ts"

/** A record that is not to be delivered as it is: it becomes a dead letter. */
export interface RefusedRecord {
  readonly envelope: Envelope
  /** What is wrong with it, and what to do. */
  readonly message: string
}

export interface Page {
  /**
   * Records that the origin has returned for it, counted in its answer and not in what was made of it: equal to the
   * envelopes and whatever is `refused`, `repeated` and `filtered`, or records were lost in between.
   */
  readonly fetched: number
  readonly envelopes: ReadonlyArray<Envelope>
  readonly refused?: ReadonlyArray<RefusedRecord>
  /** Records that this poll has yielded already, or another one will: a page that shifted, the end of a slice. */
  readonly repeated?: number
  /** Records that the configuration does not want. */
  readonly filtered?: number
  readonly position: Option.Option<Position>
  /** Whether an earlier poll or run may have sent some of these records. */
  readonly maybeSent: boolean
  /** Somebody sends dead letters again: these are delivered although their letters still wait. */
  readonly replayed?: boolean
}

export interface Feed {
  readonly name: FeedName
  /** `event_type` of the events made of its records. */
  readonly eventType: EventType
  /** How long the origin keeps records; absent where it keeps no history at all, like an inventory. */
  readonly retention?: Duration.Duration
  /** Between two polls. Asked for at each use: it may change while Waybill runs. */
  readonly interval: () => Duration.Duration
  /**
   * One poll: everything from the checkpoint (less the overlap) to now. `None`: the feed's first run. The poll of a feed
   * that is pushed to does not end by itself: its pages come as the records do.
   */
  readonly poll: (checkpoint: Option.Option<Checkpoint>) => Stream.Stream<Page, SourceError>
  /** Told of each checkpoint of this feed that has been committed, for a source that keeps records until then. */
  readonly committed?: (position: Position) => Effect.Effect<void>
  /** Of a feed that is pushed to: since when the oldest record after the checkpoint waits, in epoch milliseconds. */
  readonly waitingSince?: (
    checkpoint: Option.Option<Checkpoint>,
  ) => Effect.Effect<number | undefined, SourceError>
  /** Only feeds over records that have a time have a history to read again; an inventory has none. */
  readonly history?: FeedHistory
}

/** What can be read again, whatever the checkpoint says. */
export interface FeedHistory {
  /** How far the first poll ever goes back: what is older was not asked for by whoever set it so. */
  readonly firstRun: Duration.Duration
  /**
   * The records of a window, whatever was sent of it before: every page has `maybeSent`. Epoch milliseconds, half-open,
   * widened to whole seconds; what lies in the future or beyond the retention is left out.
   */
  readonly between: (from: number, to: number) => Stream.Stream<Page, SourceError>
}

/** The proxy that was asked, as scheme, host and port; absent where none was. */
interface ByWayOf {
  readonly proxy?: string
}

/** Why a source could not be read. `retryable` ones are tried again soon, the rest after the feed's interval. */
export type SourceErrorReason =
  | ({ readonly _tag: "Unreachable"; readonly detail: string } & ByWayOf)
  /** TLS: nobody that is trusted has signed what was shown. */
  | ({ readonly _tag: "Untrusted"; readonly detail: string } & ByWayOf)
  /** The proxy answered itself, and opened no way to the origin. */
  | { readonly _tag: "ProxyRefused"; readonly status: number; readonly proxy: string }
  | ({ readonly _tag: "TimedOut"; readonly afterMillis: number } & ByWayOf)
  | { readonly _tag: "RateLimited"; readonly retryAfterMillis: number | undefined }
  | { readonly _tag: "Unauthorized"; readonly status: 401 | 403 }
  | { readonly _tag: "Refused"; readonly status: number; readonly detail: string }
  | { readonly _tag: "ServerError"; readonly status: number; readonly detail: string }
  | { readonly _tag: "Truncated"; readonly detail: string }
  | { readonly _tag: "NotJson"; readonly contentType: string }
  | { readonly _tag: "BadShape"; readonly detail: string }
  | { readonly _tag: "RepeatedCursor"; readonly page: number }

export class SourceError extends Data.TaggedError("SourceError")<{
  readonly feed: FeedName
  /** Path and query without secrets. */
  readonly request: string
  readonly reason: SourceErrorReason
  /** What happened, where, and what to do about it. */
  readonly message: string
}> {}

/** All configured feeds. */
export class Feeds extends Context.Service<Feeds, ReadonlyArray<Feed>>()("waybill/sources/Feeds") {}
