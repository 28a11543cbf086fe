/** What the flags of many commands have in common. */
import { Data, Effect, Runtime } from "effect"
import { CliError, Flag } from "effect/cli"

export const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription(
    "Print one JSON object on standard output and nothing else; log lines go to standard error",
  ),
)

/** A flag's or an argument's value makes no sense, or names nothing that is there. */
export class InvalidInput extends Data.TaggedError("InvalidInput")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

export const atLeastOne = (flag: string, value: number | undefined) =>
  value === undefined || value >= 1
    ? Effect.void
    : Effect.fail(new InvalidInput({ message: `${flag}: expected a number from 1 on; got ${value}` }))

export const moreThanZero = (flag: string, value: number | undefined) =>
  value === undefined || value > 0
    ? Effect.void
    : Effect.fail(new InvalidInput({ message: `${flag}: expected a number above 0; got ${value}` }))
