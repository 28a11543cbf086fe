/** What the commands say of themselves, over the whole tree, so that a new command can't come without it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { WIDTH } from "../../src/cli/terminal/line.ts"
import { LEAVES, NEED_NO_CONFIGURATION, runIn } from "./inProcess.ts"

const sectionOf = (help: string, title: string): ReadonlyArray<string> => {
  const lines = help.split("\n")
  const begin = lines.indexOf(title)
  const end = lines.indexOf("", begin)
  return begin < 0 ? [] : lines.slice(begin + 1, end < 0 ? undefined : end)
}

describe("the help of every command", () => {
  for (const { name, path } of LEAVES) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const { output } = yield* runIn([...path, "--help"])
        const examples = sectionOf(output, "EXAMPLES")
        assert.isAtLeast(examples.length, 2, `no example in the help of ${name}`)
        const isExample = (line: string) => examples.includes(line)
        for (const line of output.split("\n")) if (!isExample(line)) assert.isAtMost(line.length, WIDTH, line)
        const codes = sectionOf(output, "EXIT CODES").flatMap((line) => /^ {2}(\d+) /.exec(line)?.[1] ?? [])
        assert.includeMembers(codes, NEED_NO_CONFIGURATION.has(name) ? ["0", "1"] : ["0", "1", "78"])
        assert.notMatch(output, /exit codes: 0/i)
      }),
    )
  }

  it.effect("names every command of the tree in the root's", () =>
    Effect.gen(function* () {
      const { output } = yield* runIn(["--help"])
      for (const {
        path: [name = ""],
      } of LEAVES)
        assert.match(output, new RegExp(`^ {2}${name} +\\S`, "m"))
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
        const { code, errors, output } = yield* runIn(args)
        assert.strictEqual(output, "")
        assert.include(errors, wrong)
        assert.match(errors, /^waybill .*--help says more\.$/m)
        assert.strictEqual(code, 1)
      }
    }),
  )
})
