/**
 * Makes an event of an envelope.
 *
 * The contract that every normalizer keeps: pure, and deterministic but for nothing. The same envelope gives the same
 * bytes, whichever run or machine normalizes it.
 */
import { Data, type Result } from "effect"
import type { DeadLetterReason } from "../dead-letters/DeadLetters.ts"
import type { Envelope } from "../domain/Envelope.ts"
import type { Event } from "../domain/Event.ts"

/** Why no event could be made; becomes a dead letter with this reason. */
export class Rejected extends Data.TaggedError("Rejected")<{
  readonly reason: Extract<DeadLetterReason, "normalization_failed" | "validation_failed">
  /** Names the field and what was expected; never the value of a secret. */
  readonly message: string
}> {}

export type Normalizer = (envelope: Envelope) => Result.Result<Event, Rejected>
