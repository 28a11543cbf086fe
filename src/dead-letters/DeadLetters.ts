/**
 * Envelopes that cannot be delivered, kept on disk with the reason.
 *
 * The contract that every implementation keeps:
 * - After `put` has succeeded the letter survives a crash. A `put` that fails leaves nothing half-written; the feed
 *   then holds, because an event is never given up without a trace.
 * - One envelope id has one letter at most.
 * - Letters are in the order in which they were put, and keep their place and key when they fail again.
 * - `has`, `find`, `stats` and the choosing of a page read nothing from disk, however many letters wait.
 * - What waits from an earlier run is read beside everything else: `stats` answers at once, `has` and `find` are to be
 *   asked once `ready` has ended, and all else waits for it by itself.
 * - A letter that somebody has removed by hand, or damaged, is not there; it never makes a call fail.
 */
import { Context, Data, type Effect, type Option, Runtime, Schema } from "effect"
import { CliError } from "effect/cli"
import { type Envelope, EnvelopeText } from "../domain/Envelope.ts"

export const DeadLetterReason = Schema.Literals([
  "normalization_failed",
  "validation_failed",
  "storage_failed",
  "verification_failed",
])
export type DeadLetterReason = typeof DeadLetterReason.Type

export interface DeadLetter {
  readonly envelope: Envelope
  readonly reason: DeadLetterReason
  /** What went wrong, for the person who will read the file. */
  readonly error: string
  /** How often delivery was tried. */
  readonly attempts: number
}

/** The file's contents; these names are a contract. Times are ISO 8601 in UTC. */
export const DeadLetterFile = Schema.Struct({
  timestamp: Schema.String,
  envelope: EnvelopeText,
  error: Schema.String,
  reason: DeadLetterReason,
  attempts: Schema.Int,
  last_attempt: Schema.String,
})
export type DeadLetterFile = typeof DeadLetterFile.Type

/** A letter that waits. `key` names it for as long as it does: its file's name without `.json`. */
export interface StoredLetter {
  readonly key: string
  readonly file: DeadLetterFile
}

/** Both must fit; what is absent fits all. */
export interface LetterFilter {
  readonly reason?: DeadLetterReason | undefined
  /** `envelope.source`. */
  readonly source?: string | undefined
}

export interface PageRequest extends LetterFilter {
  /** The most letters of one page; fewer come where some have just been removed. */
  readonly limit: number
  /** `next` of the page before; the oldest letter is first when absent. */
  readonly cursor?: string | undefined
}

export interface LetterPage {
  readonly letters: ReadonlyArray<StoredLetter>
  /** The cursor of the page after this one; undefined: this is the last one. */
  readonly next: string | undefined
}

export interface DeadLetterStats {
  readonly enabled: boolean
  /** Whether the letters of an earlier run are being read; `pending` then counts their files, and `bytes` grows. */
  readonly reading: boolean
  /** Letters written since the start of this run; one that fails again is not counted again. */
  readonly written: number
  /** Letters that wait, and the bytes of their files. */
  readonly pending: number
  readonly bytes: number
  /** `dlq.base_path`; undefined where nothing is kept on disk. */
  readonly base_path: string | undefined
}

export class DeadLetterError extends Data.TaggedError("DeadLetterError")<{
  /** What happened, where, and what to do about it. */
  readonly message: string
  /** The disk is full, which ends by itself; everything else is for a person to mend. */
  readonly noSpace?: boolean
}> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

export class DeadLetters extends Context.Service<
  DeadLetters,
  {
    /** Ends when it is known which letters wait. */
    readonly ready: Effect.Effect<void>
    /** Keeps one letter; a second one for the same envelope id is the same letter and changes nothing. */
    readonly put: (letter: DeadLetter) => Effect.Effect<void, DeadLetterError>
    /** Whether a letter with this envelope id waits here: then no feed delivers it again. */
    readonly has: (id: string) => boolean
    /** The key of the letter with this envelope id. */
    readonly find: (id: string) => string | undefined
    readonly stats: Effect.Effect<DeadLetterStats>
    /** Writes, reads and removes a file beside the letters: whether a `put` would work now. */
    readonly check: Effect.Effect<void, DeadLetterError>
    /** A cursor that is none of ours (see `isKey`) is an error. */
    readonly list: (request: PageRequest) => Effect.Effect<LetterPage, DeadLetterError>
    readonly get: (key: string) => Effect.Effect<Option.Option<StoredLetter>, DeadLetterError>
    /** Whether there was such a letter. */
    readonly remove: (key: string) => Effect.Effect<boolean, DeadLetterError>
    /** Removes all that fit and are there when it begins; succeeds with how many. */
    readonly purge: (filter: LetterFilter) => Effect.Effect<number, DeadLetterError>
    /** A delivery has failed once more: attempts + 1, and when and why. False: it does not wait any more. */
    readonly failedAgain: (
      key: string,
      failure: { readonly error: string; readonly reason: DeadLetterReason },
    ) => Effect.Effect<boolean, DeadLetterError>
  }
>()("waybill/dead-letters/DeadLetters") {}
