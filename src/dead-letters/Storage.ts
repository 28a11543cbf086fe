/** Where letters lie: what `keepLetters` needs of a folder. Every error says what happened, where, and what to do. */
import type { Effect, Option } from "effect"
import type { DeadLetterError } from "./DeadLetters.ts"

export interface Storage {
  /** Names the place in messages: `dlq.base_path`, or undefined where nothing survives the process. */
  readonly path: string | undefined
  /** Whole and durable, or not there at all; what lay under the name before is there until then. */
  readonly write: (name: string, text: string) => Effect.Effect<void, DeadLetterError>
  /** None: there is no such file. */
  readonly read: (name: string) => Effect.Effect<Option.Option<string>, DeadLetterError>
  /** Does nothing where there is no such file. */
  readonly remove: (name: string) => Effect.Effect<void, DeadLetterError>
  /** Every file, in no order. */
  readonly names: Effect.Effect<ReadonlyArray<string>, DeadLetterError>
}
