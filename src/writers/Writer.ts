/**
 * Puts events into Wazuh.
 *
 * The contract that every writer keeps:
 * - `write` hands the events over in order and succeeds when the last one has been taken. "Taken" is all it means:
 *   Wazuh's own senders report success for events that are dropped (src/shared/mq_op.c), so nothing here is a proof.
 * - It waits rather than drops: a full or missing peer delays it.
 * - When the peer stays away it fails with `WriterError`, which says how many were taken before; the caller goes on
 *   with those that are left. `Held.ts` does that for as long as it takes.
 * - An event is taken or left, never both. Where that can't be known (a request whose answer never came) it counts as
 *   taken if what is written is searched for afterwards: then a loss is proven and the event written again.
 * - It never hands over more than `maxBytes` of one message; longer ones must be refused before.
 */
import { Context, Data, type Effect } from "effect"

export type WriterErrorReason =
  | "missing"
  | "refused"
  /** The credentials or the permissions do not suffice. */
  | "forbidden"
  /** The peer asks for a pause. */
  | "throttled"
  | "timed-out"
  /** No room on the disk. */
  | "full"
  | "failed"
  /** The first event that is left can never be written: it is longer than `maxBytes`. */
  | "too-long"
  /** The first event that is left was refused by the peer, and would be again. */
  | "rejected"

export class WriterError extends Data.TaggedError("WriterError")<{
  readonly reason: WriterErrorReason
  /** How many messages of this call had been taken before it failed. */
  readonly handedOver: number
  /** The places of those that were not taken, ascending; absent where the first `handedOver` were taken. */
  readonly left?: ReadonlyArray<number>
  /** What happened, where, and what to do about it. */
  readonly message: string
}> {}

/** A writer can't begin with what it was given. */
export class InvalidWriterOptions extends Data.TaggedError("InvalidWriterOptions")<{
  /** Which setting, and what to correct. */
  readonly message: string
}> {}

export type WriterKind = "socket" | "api" | "file" | "wazuh5"

export class Writer extends Context.Service<
  Writer,
  {
    readonly kind: WriterKind
    /** The most bytes of UTF-8 that one event's JSON may have, so that the whole message fits. */
    readonly maxBytes: number
    /** Each string is one event's JSON, complete with its `waybill` block. */
    readonly write: (events: ReadonlyArray<string>) => Effect.Effect<void, WriterError>
  }
>()("waybill/writers/Writer") {}
