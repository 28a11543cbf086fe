/** Why Waybill does not start: everything that is wrong with its configuration, at once. */
import { Data, Runtime } from "effect"
import { CliError } from "effect/cli"

export interface Problem {
  /** Where: a key as `indexer.url`, an environment variable, or a file with its line. */
  readonly where: string
  /** What is wrong, and what was expected. Never the value of a secret. */
  readonly what: string
  /** What to do about it. */
  readonly fix: string
}

/** EX_CONFIG of sysexits.h. */
const EXIT_CODE = 78

export class ConfigInvalid extends Data.TaggedError("ConfigInvalid")<{
  /** Where the configuration came from, for the first line. */
  readonly origin: string
  readonly problems: ReadonlyArray<Problem>
}> {
  override readonly [Runtime.errorExitCode] = EXIT_CODE
  override get message(): string {
    const count = this.problems.length === 1 ? "1 problem" : `${this.problems.length} problems`
    const lines = this.problems.map(({ where, what, fix }) => `  ${where}: ${what}. ${fix}`)
    return [`The configuration is not valid (${this.origin}): ${count}.`, ...lines].join("\n")
  }
  override get [CliError.userMessage](): string {
    return this.message
  }
}
