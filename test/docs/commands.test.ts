/** Every command of the pages and of the help is one that the program understands; none is run. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CliError, Command, Completions } from "effect/cli"
import { TestConsole } from "effect/testing"
import { waybill } from "../../src/cli/commands.ts"
import * as Help from "../../src/cli/terminal/help.ts"
import { PAGES, pageOf, textOf } from "./pages.ts"

/** What begins a command line of Waybill's, wherever it is typed. */
const WAYS =
  /(?:^|[\s;|(&$])(?:waybill|(?:npx )?node src\/main\.ts|npm run demo --|docker compose (?:run(?: --\S+)*|exec) waybill(?: waybill)?|docker run(?: --?\S+(?: ALL| none| \/tmp)?)* waybill:\S+)(?= [a-z-])(.*)$/

const isDemo = (line: string): boolean => line.includes("npm run demo --")

/** Words as a shell makes them, up to what ends the command; `undefined` where there is none. */
const wordsOf = (line: string): ReadonlyArray<string> | undefined => {
  const [, rest] = WAYS.exec(line.replace(/^\s*(?:#|\$ )\s*/, "")) ?? []
  if (rest === undefined) return undefined
  const command = rest.split(/\s(?:\||&&|#|>|<)\s|;|\s[|&]$/, 1)[0] ?? ""
  const words = Array.from(
    command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g),
    ([, one, two, three]) => one ?? two ?? three ?? "",
  )
  return isDemo(line) ? ["demo", ...words] : words
}

/** What stands for a value of the reader's own: a time, since it is one wherever one is left out. */
const PLACEHOLDER = "2026-02-01"
const filledIn = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.map((word) => (word === "…" || /^[<A-Z]/.test(word) ? PLACEHOLDER : word))

interface Line {
  readonly where: string
  /** In a sentence, where a command may be named without what it needs. */
  readonly inSentence: boolean
  readonly line: string
  readonly words: ReadonlyArray<string>
}

const lineOf = (where: string, line: string, inSentence = false): ReadonlyArray<Line> => {
  const words = wordsOf(line)
  return words === undefined || words.length === 0
    ? []
    : [{ where, line, inSentence, words: filledIn(words) }]
}

/** In the middle of a sentence only what is in backticks and begins so is a command. */
const isCommandSpan = (span: string): boolean =>
  /^(?:waybill|(?:npx )?node src|npm run|docker compose) /.test(span)

const LINES = PAGES.flatMap(({ blocks, path, spans }) => [
  ...blocks.flatMap((line) => lineOf(path, line)),
  ...[...new Set(spans)].filter(isCommandSpan).flatMap((line) => lineOf(path, line, true)),
])

class Understood extends CliError.ValidationError {}
/** Fails once a whole command line has been understood, before anything is done. */
const understanding = Command.validate(waybill, () => Effect.fail(new Understood({ message: "understood" })))

const errorsOf = Effect.fnUntraced(
  function* (words: ReadonlyArray<string>) {
    const error = yield* Command.runWith(understanding, { version: "0" })(words).pipe(
      Effect.flip,
      Effect.option,
    )
    // A flag that only shows something (--help, --completions) needs no more than its command.
    if (error._tag === "None") return []
    const errors =
      CliError.isCliError(error.value) && error.value._tag === "ShowHelp" ? error.value.errors : [error.value]
    return errors.filter((one) => !(one instanceof Understood))
  },
  Effect.provide(Layer.mergeAll(Help.layer, TestConsole.layer, NodeServices.layer)),
)

describe("the commands of the pages", () => {
  it("are found, in blocks and in sentences", () => {
    assert.isAbove(LINES.length, 40)
    assert.deepStrictEqual(wordsOf("waybill dlq list --json | jq -r '.events'"), ["dlq", "list", "--json"])
    assert.deepStrictEqual(wordsOf("docker compose run --rm --no-deps waybill setup --dry-run"), [
      "setup",
      "--dry-run",
    ])
    assert.deepStrictEqual(wordsOf("docker compose exec waybill waybill dlq list"), ["dlq", "list"])
    assert.isUndefined(wordsOf("cp waybill/docker-compose.override.yml waybill/config/waybill.env ."))
  })

  it.effect("would be refused if one of them were mistyped", () =>
    Effect.gen(function* () {
      for (const words of [
        ["dlq", "lst"],
        ["reconcile", "--form", "7d"],
        ["backfill", "--feed", "nonsense", "extra"],
      ])
        assert.isNotEmpty(yield* errorsOf(words), words.join(" "))
      assert.isEmpty(yield* errorsOf(["reconcile", "--from", "7d"]))
    }),
  )

  for (const { inSentence, line, where, words } of LINES) {
    it.effect(`${where}: ${line.trim()}`, () =>
      Effect.gen(function* () {
        // `waybill dlq …`: its group is all that is said.
        const isGroup = words.at(-1) === PLACEHOLDER && words.every((word) => !word.startsWith("-"))
        const errors = yield* errorsOf(isGroup ? [...words.slice(0, -1), "--help"] : words)
        const isNamedOnly = ({ _tag }: { readonly _tag: string }) =>
          inSentence && (_tag === "MissingArgument" || _tag === "MissingOption")
        assert.deepStrictEqual(errors.filter((one) => !isNamedOnly(one)).map(String), [])
      }),
    )
  }
})

type Described = Completions.CommandDescriptor
const pathsOf = (command: Described, path: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => [
  path,
  ...command.subcommands.flatMap((one) => pathsOf(one, [...path, one.name])),
]

describe("the examples of the help", () => {
  for (const path of pathsOf(Completions.fromCommand(waybill), [])) {
    it.effect(["waybill", ...path].join(" "), () =>
      Effect.gen(function* () {
        yield* Command.runWith(waybill, { version: "0" })([...path, "--help"])
        const help = (yield* TestConsole.logLines).join("\n")
        const [, examples = ""] = help.split(/^EXAMPLES$/m)
        for (const { line, words } of examples.split("\n").flatMap((one) => lineOf("help", one)))
          assert.deepStrictEqual(yield* errorsOf(words), [], line)
      }).pipe(Effect.provide(Layer.mergeAll(Help.layer, TestConsole.layer, NodeServices.layer))),
    )
  }
})

describe("docs/cli.md", () => {
  it("tells of every command", () => {
    const page = textOf("docs/cli.md")
    for (const { name } of Completions.fromCommand(waybill).subcommands)
      assert.match(page, new RegExp(`^\\| \`${name}\\b`, "m"), name)
  })
})

describe("npm's scripts", () => {
  it("that the pages name are there, and so are the benches", () => {
    const { scripts } = JSON.parse(textOf("package.json"))
    const benches = textOf("bench/main.ts")
    for (const { path, text } of PAGES)
      for (const [, script = "", bench] of text.matchAll(
        /npm (?:run )?(demo|test[\w:]*|bench|build|check|lint|generate|start)(?: -- ([a-z][\w-]*))?/g,
      )) {
        assert.property(scripts, script, path)
        if (script === "bench" && bench !== undefined)
          assert.match(benches, new RegExp(`^ {2}"?${bench}"?:`, "m"), path)
      }
  })
})

describe("a page", () => {
  it("is read as Markdown shows it", () => {
    const { anchors, blocks, links, spans } = pageOf(
      "x.md",
      "# What it's `for`\n\nSee [a](b.md#c), `x.y` and\n\n```sh\none \\\n  two\n```\n",
    )
    assert.deepStrictEqual([[...anchors], links, spans], [["what-its-for"], ["b.md#c"], ["for", "x.y"]])
    assert.deepStrictEqual(blocks, ["one two", ""])
  })
})
