/** What the `dlq` commands have in common. */
import { Data, Effect, Layer, Logger, Option, Runtime } from "effect"
import { CliError, Flag } from "effect/cli"
import { Configuration } from "../../config/Configuration.ts"
import { DeadLetterReason } from "../../dead-letters/DeadLetters.ts"
import * as LogLines from "../../telemetry/Logger.ts"

export const reason = Flag.Literals("reason", DeadLetterReason.literals).pipe(
  Flag.optional,
  Flag.withDescription("Only letters with this reason"),
)
export const source = Flag.String("source").pipe(
  Flag.optional,
  Flag.withDescription("Only letters of this source, such as firewalla-msp"),
)
export const key = Flag.String("key").pipe(
  Flag.optional,
  Flag.withDescription("Only this letter, such as failed_1699040123_0"),
)
export const id = Flag.String("id").pipe(
  Flag.optional,
  Flag.withDescription("Only the letter of the event with this event_id"),
)
export const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription(
    "Print one JSON object on standard output and nothing else; log lines go to standard error",
  ),
)

export interface FilterFlags {
  readonly reason: Option.Option<DeadLetterReason>
  readonly source: Option.Option<string>
}

export const filterOf = (flags: FilterFlags) => ({
  reason: Option.getOrUndefined(flags.reason),
  source: Option.getOrUndefined(flags.source),
})

/** A flag's value makes no sense, or there is no such letter. */
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

/** Log lines go to standard error, so that standard output is the command's own. */
export const withLogs = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Configuration, ({ log }) =>
    work.pipe(Effect.provide(LogLines.layer(log)), Effect.provide(Layer.succeed(Logger.LogToStderr, true))),
  )
