/** A letter as the text of its file, and back. */
import { Result, Schema } from "effect"
import { DeadLetterFile } from "./DeadLetters.ts"

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(DeadLetterFile))

/** Fails with what is wrong with it, for a half-written or foreign file. */
export const readLetter = (text: string): Result.Result<DeadLetterFile, string> =>
  Result.mapError(decode(text), ({ message }) => message)

export const letterText = (file: DeadLetterFile): string => `${JSON.stringify(file)}\n`
