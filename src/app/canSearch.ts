/** What the commands need that search whatever `verify.mode` is. */
import { Data, Effect, Runtime } from "effect"
import { CliError } from "effect/cli"
import { Configuration } from "../config/Configuration.ts"

export class CannotSearch extends Data.TaggedError("CannotSearch")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

export const canSearch = Effect.gen(function* () {
  const { indexer } = yield* Configuration
  if (indexer.username !== undefined && indexer.password !== undefined) return
  return yield* new CannotSearch({
    message:
      "The indexer must be searched for this, and indexer.username or indexer.password is missing (verify.mode off needs none). Set both, for a user who may read the index pattern.",
  })
})
