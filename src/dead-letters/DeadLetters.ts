/**
 * Envelopes that cannot be delivered, kept on disk with the reason.
 *
 * The contract that every implementation keeps: after `put` has succeeded the letter survives a crash. A `put` that
 * fails leaves nothing half-written; the feed then holds, because an event is never given up without a trace.
 */
import { Context, Data, type Effect } from "effect"
import type { Envelope } from "../domain/Envelope.ts"

export type DeadLetterReason =
  | "normalization_failed"
  | "validation_failed"
  | "storage_failed"
  | "verification_failed"

export interface DeadLetter {
  readonly envelope: Envelope
  readonly reason: DeadLetterReason
  /** What went wrong, for the person who will read the file. */
  readonly error: string
  /** How often delivery was tried. */
  readonly attempts: number
}

export class DeadLetterError extends Data.TaggedError("DeadLetterError")<{
  /** What happened, where, and what to do about it. */
  readonly message: string
}> {}

export class DeadLetters extends Context.Service<
  DeadLetters,
  {
    /** Keeps one letter; a second one for the same envelope id is the same letter and changes nothing. */
    readonly put: (letter: DeadLetter) => Effect.Effect<void, DeadLetterError>
    /** Whether a letter with this envelope id waits here: then no feed delivers it again. */
    readonly has: (id: string) => boolean
    /** Letters written since the start of this run. */
    readonly written: Effect.Effect<number>
  }
>()("waybill/dead-letters/DeadLetters") {}
