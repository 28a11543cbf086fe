/**
 * Puts events into Wazuh.
 *
 * The contract that every writer keeps:
 * - `write` hands the events over in order and succeeds when the last one has been taken. "Taken" is all it means:
 *   Wazuh's own senders report success for events that are dropped (src/shared/mq_op.c), so nothing here is a proof.
 * - It waits rather than drops: a full or missing peer delays it.
 * - When the peer stays away it fails with `WriterError`, whose `handedOver` says how many were taken before; the
 *   caller goes on from there.
 * - It never hands over more than `maxBytes` of one message; longer ones must be refused before.
 */
import { Context, Data, type Effect } from "effect"

export type WriterErrorReason = "missing" | "refused" | "forbidden" | "timed-out" | "too-long" | "failed"

export class WriterError extends Data.TaggedError("WriterError")<{
  readonly reason: WriterErrorReason
  /** How many messages of this call had been taken before it failed. */
  readonly handedOver: number
  /** What happened, where, and what to do about it. */
  readonly message: string
}> {}

export class Writer extends Context.Service<
  Writer,
  {
    readonly kind: "socket" | "api" | "file"
    /** The most bytes of UTF-8 that one event's JSON may have, so that the whole message fits. */
    readonly maxBytes: number
    /** Each string is one event's JSON, complete with its `waybill` block. */
    readonly write: (events: ReadonlyArray<string>) => Effect.Effect<void, WriterError>
  }
>()("waybill/writers/Writer") {}
