/** The commands as `main.ts` runs them, in this process: what they print, and with which code they would end. */
import { NodeServices } from "@effect/platform-node"
import { Cause, Effect, Exit, Layer, Runtime } from "effect"
import { Command, Completions } from "effect/cli"
import { TestConsole } from "effect/testing"
import { waybill } from "../../src/cli/commands.ts"
import * as Help from "../../src/cli/terminal/help.ts"

type Described = Completions.CommandDescriptor

export interface Leaf {
  /** E.g. `dlq list`. */
  readonly name: string
  readonly path: ReadonlyArray<string>
  readonly command: Described
}

const leavesOf = (command: Described, path: ReadonlyArray<string>): ReadonlyArray<Leaf> =>
  command.subcommands.length === 0
    ? [{ name: path.join(" "), path, command }]
    : command.subcommands.flatMap((one) => leavesOf(one, [...path, one.name]))

/** Every command that does something. */
export const LEAVES = leavesOf(Completions.fromCommand(waybill), [])

/** They read no configuration. */
export const NEED_NO_CONFIGURATION: ReadonlySet<string> = new Set(["demo", "config schema"])

const codeOf = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(exit) ? 0 : Runtime.getErrorExitCode(Cause.squash(exit.cause))

export const runIn = Effect.fnUntraced(
  function* (args: ReadonlyArray<string>) {
    const exit = yield* Effect.exit(Command.runWith(waybill, { version: "0" })(args))
    return {
      code: codeOf(exit),
      output: (yield* TestConsole.logLines).join("\n"),
      errors: (yield* TestConsole.errorLines).join("\n"),
    }
  },
  Effect.provide(Layer.mergeAll(Help.layer, Layer.fresh(TestConsole.layer), NodeServices.layer)),
)
