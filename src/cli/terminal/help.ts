/** Help, errors and version as they are written: 80 columns, and nothing but what was asked for on standard output. */
import process from "node:process"
import { Console, Context, Effect, Layer, Option } from "effect"
import { CliConfig, CliOutput, GlobalFlag, type HelpDoc, TerminalCapabilities } from "effect/cli"
import { ExitCodesOf } from "../exitCodes.ts"
import { coloured, type Line, lineText, type Paint, plain, WIDTH } from "./line.ts"
import { wrap } from "./wrap.ts"

const INDENT = "  "
/** Where descriptions begin; a longer name has a line of its own. */
const COLUMN = 24
const UNCUT = Number.POSITIVE_INFINITY

type Entry = readonly [name: string, description: string]

const entryLines = ([name, description]: Entry): ReadonlyArray<Line> => {
  const left = `${INDENT}${name}`
  const [first = "", ...more] = wrap(description, WIDTH - COLUMN)
  const indented = (text: string): Line => [`${" ".repeat(COLUMN)}${text}`]
  const head = { text: left.padEnd(COLUMN), style: "cyan" } as const
  return left.length + 2 <= COLUMN
    ? [[head, first], ...more.map(indented)]
    : [[head], ...[first, ...more].map(indented)]
}

const section = (title: string, lines: ReadonlyArray<Line>): ReadonlyArray<Line> =>
  lines.length === 0 ? [] : [[], [{ text: title, style: "bold" }], ...lines]

const flagEntry = ({ aliases, description, name, type }: HelpDoc.FlagDoc): Entry => [
  `${[`--${name}`, ...aliases].join(", ")}${type === "boolean" ? "" : ` ${type}`}`,
  Option.getOrElse(description, () => ""),
]

const argumentEntry = ({ description, name, required }: HelpDoc.ArgDoc): Entry => [
  name,
  `${Option.getOrElse(description, () => "")}${required ? "" : " (may be left out)"}`,
]

const exampleLines = ({ command, description }: HelpDoc.ExampleDoc): ReadonlyArray<Line> => [
  ...(description === undefined ? [] : [[{ text: `${INDENT}# ${description}`, style: "dim" } as const]]),
  [`${INDENT}${command}`],
]

const helpLines = (doc: HelpDoc.HelpDoc): ReadonlyArray<Line> => {
  const subcommands = doc.subcommands ?? []
  const isRoot = (doc.commandPath?.length ?? 1) === 1
  const codes = subcommands.length > 0 && !isRoot ? {} : Context.get(doc.annotations, ExitCodesOf)
  return [
    ...wrap(doc.description, WIDTH).map((text): Line => [text]),
    ...section("USAGE", [[`${INDENT}${doc.usage}`]]),
    ...section("ARGUMENTS", (doc.args ?? []).map(argumentEntry).flatMap(entryLines)),
    ...section("FLAGS", [...doc.flags, ...(doc.inheritedFlags ?? [])].map(flagEntry).flatMap(entryLines)),
    ...(isRoot ? section("GLOBAL FLAGS", (doc.globalFlags ?? []).map(flagEntry).flatMap(entryLines)) : []),
    ...subcommands.flatMap(({ commands, group }) =>
      section(
        group?.toUpperCase() ?? "SUBCOMMANDS",
        commands
          .map(({ description, name, shortDescription }): Entry => [name, shortDescription ?? description])
          .flatMap(entryLines),
      ),
    ),
    ...section("EXAMPLES", (doc.examples ?? []).flatMap(exampleLines)),
    ...section(
      "EXIT CODES",
      Object.entries(codes).flatMap(([code, meaning]) => entryLines([code, meaning])),
    ),
  ]
}

/** An example may be longer than the width: one that is cut can't be copied. */
export const helpText = (doc: HelpDoc.HelpDoc, paint: Paint): string =>
  helpLines(doc)
    .map((line) => lineText(line, paint, UNCUT))
    .join("\n")

/** Help goes to standard output, what is wrong with a command line to standard error and without all of the help. */
const presenter = (onOutput: Paint, onError: Paint, formatter: CliOutput.Formatter): CliOutput.Presenter => ({
  present: (event) => {
    switch (event._tag) {
      case "Help":
        return Console.log(helpText(event.helpDoc, onOutput))
      case "Version":
        return Console.log(`${event.name} v${event.version}`)
      case "InvalidInvocation": {
        const usage = lineText([{ text: "Usage", style: "bold" }, `: ${event.helpDoc.usage}`], onError, UNCUT)
        const more = `${event.commandPath.join(" ")} --help says more.`
        return Console.error(`${formatter.formatErrors(event.errors).trimStart()}\n\n${usage}\n${more}`)
      }
    }
  },
})

export const layer: Layer.Layer<never> = Layer.unwrap(
  Effect.map(TerminalCapabilities.TerminalCapabilities, (capabilities) => {
    const onOutput = capabilities.canColor ? coloured : plain
    // Never into a file, also where only standard output is a terminal.
    const colours = capabilities.canColor && process.stderr.isTTY === true
    const formatter = CliOutput.defaultFormatter({ colors: colours })
    return Layer.mergeAll(
      // The level of the log is log.level's, and a wizard asks for what the help says better.
      CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
      CliOutput.layer(formatter),
      CliOutput.layerPresenter(presenter(onOutput, colours ? coloured : plain, formatter)),
    )
  }),
)
