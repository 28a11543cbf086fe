/** What the commands say of themselves, over the whole tree, so that a new command can't come without it. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Command, Completions } from "effect/cli"
import { TestConsole } from "effect/testing"
import { waybill } from "../../src/cli/commands.ts"
import * as Help from "../../src/cli/terminal/help.ts"
import { WIDTH } from "../../src/cli/terminal/line.ts"

type Described = Completions.CommandDescriptor
const leaves = (command: Described, path: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  command.subcommands.length === 0
    ? [path]
    : command.subcommands.flatMap((one) => leaves(one, [...path, one.name]))
/** They can't end because of a configuration. */
const NEED_NO_CONFIGURATION: ReadonlySet<string> = new Set(["demo", "config schema"])
const LEAVES = leaves(Completions.fromCommand(waybill), [])

const said = Effect.fnUntraced(
  function* (args: ReadonlyArray<string>) {
    const exit = yield* Effect.exit(Command.runWith(waybill, { version: "0" })(args))
    const output = (yield* TestConsole.logLines).join("\n")
    const errors = (yield* TestConsole.errorLines).join("\n")
    return { exit, output, errors }
  },
  Effect.provide(Layer.mergeAll(Help.layer, TestConsole.layer, NodeServices.layer)),
)

const sectionOf = (help: string, title: string): ReadonlyArray<string> => {
  const lines = help.split("\n")
  const begin = lines.indexOf(title)
  const end = lines.indexOf("", begin)
  return begin < 0 ? [] : lines.slice(begin + 1, end < 0 ? undefined : end)
}

describe("the help of every command", () => {
  for (const path of LEAVES) {
    it.effect(path.join(" "), () =>
      Effect.gen(function* () {
        const { output } = yield* said([...path, "--help"])
        const examples = sectionOf(output, "EXAMPLES")
        assert.isAtLeast(examples.length, 2, `no example in the help of ${path.join(" ")}`)
        const isExample = (line: string) => examples.includes(line)
        for (const line of output.split("\n")) if (!isExample(line)) assert.isAtMost(line.length, WIDTH, line)
        const codes = sectionOf(output, "EXIT CODES").flatMap((line) => /^ {2}(\d+) /.exec(line)?.[1] ?? [])
        assert.includeMembers(
          codes,
          NEED_NO_CONFIGURATION.has(path.join(" ")) ? ["0", "1"] : ["0", "1", "78"],
        )
        assert.notMatch(output, /exit codes: 0/i)
      }),
    )
  }

  it.effect("names every command of the tree in the root's", () =>
    Effect.gen(function* () {
      const { output } = yield* said(["--help"])
      for (const [name = ""] of LEAVES) assert.match(output, new RegExp(`^ {2}${name} +\\S`, "m"))
    }),
  )
})

describe("a command line that makes no sense", () => {
  it.effect("prints nothing to standard output, and to standard error what is wrong and where to look", () =>
    Effect.gen(function* () {
      for (const [args, wrong] of [
        [["dlq", "list", "--limit", "x"], "--limit"],
        [["dlq", "lst"], "lst"],
        [["reconcile", "--nonsense"], "--nonsense"],
      ] as const) {
        const { errors, exit, output } = yield* said(args)
        assert.strictEqual(output, "")
        assert.include(errors, wrong)
        assert.match(errors, /^waybill .*--help says more\.$/m)
        assert.strictEqual(exit._tag, "Failure")
      }
    }),
  )
})
