/**
 * Makes an event of an envelope.
 *
 * The contract that every normalizer keeps: pure, and a function of the envelope alone. The same envelope gives the
 * same bytes, whichever run or machine normalizes it, and in whatever order the keys of its payload stand.
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

/**
 * An event before it is encoded. Every scalar is a string, because analysisd makes one of it anyway, with `%f` for
 * whatever doesn't fit int32 (src/analysisd/decoders/json_decoder.c). `undefined` means: leave the field out.
 */
export type Value = string | ReadonlyArray<string> | Fields | undefined
export interface Fields {
  readonly [key: string]: Value
}
