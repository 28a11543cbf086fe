/** Reads the YAML file. */
import { Effect, FileSystem, Option, Result } from "effect"
import { Yaml } from "effect/encoding"
import { ConfigInvalid } from "./ConfigInvalid.ts"
import { isTree, type Tree, withoutNulls } from "./tree.ts"

const parse = (text: string): Result.Result<unknown, string> =>
  Result.try({
    try: () => Yaml.parse(text),
    catch: (cause) => (cause instanceof Error ? cause.message : String(cause)),
  })

/**
 * The line an error is in. The parser names it for most errors; for the others (an open quote, an open bracket) it is
 * the line after the longest beginning of the text that can be read.
 */
const lineOf = (text: string, error: string): number => {
  const named = / at line ([0-9]+)$/.exec(error)?.[1]
  if (named !== undefined) return Number(named)
  const lines = text.split("\n")
  const readable = lines.findLastIndex((_, index) =>
    Result.isSuccess(parse(lines.slice(0, index).join("\n"))),
  )
  return Math.min(readable + 1, lines.length)
}

const invalid = (path: string, where: string, what: string, fix: string) =>
  new ConfigInvalid({ origin: `file ${path}`, problems: [{ where, what, fix }] })

/** The text as a tree without empty values; `path` is for the messages. */
export const parseYaml = (path: string, text: string): Result.Result<Tree, ConfigInvalid> => {
  const parsed = parse(text)
  if (Result.isFailure(parsed)) {
    const what = parsed.failure.replace(/ at (line|flow offset) [0-9]+$/, "")
    const where = `${path}:${lineOf(text, parsed.failure)}`
    return Result.fail(
      invalid(path, where, `not valid YAML: ${what}`, "Correct it at or just above this line."),
    )
  }
  if (parsed.success === null) return Result.succeed({})
  return isTree(parsed.success)
    ? Result.succeed(withoutNulls(parsed.success))
    : Result.fail(
        invalid(
          path,
          path,
          "expected sections such as `indexer:` with keys under them",
          "See config/waybill.yaml for a file with all keys.",
        ),
      )
}

/** `None` when the file does not exist. */
export const readYaml = (
  path: string,
): Effect.Effect<Option.Option<Tree>, ConfigInvalid, FileSystem.FileSystem> =>
  FileSystem.FileSystem.pipe(
    Effect.flatMap((files) => files.readFileString(path)),
    Effect.asSome,
    Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed(Option.none<string>())),
    Effect.mapError((error) =>
      invalid(
        path,
        path,
        `can't be read (${error.reason._tag})`,
        "Check that it is a file, and that the user Waybill runs as may read it.",
      ),
    ),
    Effect.flatMap(
      Option.match({
        onNone: () => Effect.succeedNone,
        onSome: (text) => Effect.asSome(Effect.fromResult(parseYaml(path, text))),
      }),
    ),
  )
