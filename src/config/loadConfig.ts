/** Makes the configuration of a file and the environment, or says everything that is wrong with them. */
import { Effect, type FileSystem, Option, Result, Schema } from "effect"
import { Config } from "./Config.ts"
import { ConfigInvalid, type Problem } from "./ConfigInvalid.ts"
import { ANY_NAME, sections } from "./catalogue.ts"
import { crossCheck } from "./crossChecks.ts"
import { type Environment, FILE_VARIABLE, fromEnvironment, said } from "./environment.ts"
import { type Merged, merge } from "./merge.ts"
import { problemsOf } from "./problems.ts"
import { resolveSecretFiles } from "./secretFiles.ts"
import { put, read, type Tree } from "./tree.ts"
import { readYaml } from "./yamlFile.ts"

/** Read when neither `--config` nor `WAYBILL_CONFIG` names another file, and only if it exists. */
export const DEFAULT_PATH = "/etc/waybill/waybill.yaml"

export interface LoadOptions {
  /** What `--config` says. */
  readonly path: Option.Option<string>
  readonly env: Environment
}

const decode = Schema.decodeUnknownResult(Config, { errors: "all", onExcessProperty: "error" })

/** Sections are written out before decoding: a default for a whole section would hide problems inside it. */
const withSections = (tree: Tree): Tree =>
  sections
    .filter(({ path }) => !path.includes(ANY_NAME))
    .reduce((rest, { path }) => (read(rest, path) === undefined ? put(rest, path, {}) : rest), tree)

/** Decodes what has been merged. All problems are found: those of the parts, of the keys, and between keys. */
const decodeMerged = (merged: Merged): Result.Result<Config, ReadonlyArray<Problem>> => {
  const decoded = decode(withSections(merged.tree))
  const found = [
    ...merged.problems,
    ...(Result.isFailure(decoded) ? problemsOf(decoded.failure, merged) : []),
    ...crossCheck(merged),
  ]
  return Result.isSuccess(decoded) && found.length === 0
    ? Result.succeed(decoded.success)
    : Result.fail(found)
}

/** A configuration from values in place of a file, for programs that bring their own; neither file nor environment. */
export const configFrom = (tree: Tree): Result.Result<Config, ConfigInvalid> =>
  Result.mapError(
    decodeMerged({ tree, variables: new Map(), problems: [] }),
    (problems) => new ConfigInvalid({ origin: "given values", problems }),
  )

const readFile = Effect.fnUntraced(function* ({ path, env }: LoadOptions) {
  const named = Option.orElse(path, () => Option.fromUndefinedOr(said(env, FILE_VARIABLE)))
  const file = Option.getOrElse(named, () => DEFAULT_PATH)
  const tree = yield* readYaml(file)
  if (Option.isSome(tree)) return { tree: tree.value, origin: `file ${file} and the environment` }
  if (Option.isNone(named)) return { tree: {}, origin: `the environment; there is no file ${file}` }
  return yield* new ConfigInvalid({
    origin: `file ${file}`,
    problems: [
      {
        where: file,
        what: "there is no such file",
        fix: `Correct ${Option.isSome(path) ? "--config" : FILE_VARIABLE}, or mount the file there.`,
      },
    ],
  })
})

/** A configuration, and how it came about. */
export interface Loaded {
  readonly config: Config
  /** What was laid over each other, before secrets were read from files; for `explain`. */
  readonly merged: Merged
  /** Where it came from, in words. */
  readonly origin: string
}

/** As `loadConfig`, for whoever shows a configuration. */
export const loadExplained = Effect.fnUntraced(function* (
  options: LoadOptions,
): Effect.fn.Return<Loaded, ConfigInvalid, FileSystem.FileSystem> {
  const { tree, origin } = yield* readFile(options)
  const merged = merge(tree, fromEnvironment(options.env))
  const config = yield* Effect.fromResult(
    Result.mapError(
      decodeMerged(yield* resolveSecretFiles(merged)),
      (problems) => new ConfigInvalid({ origin, problems }),
    ),
  )
  return { config, merged, origin }
})

/**
 * Loads the configuration. Weakest first: defaults, the file, the well-known names, the `WAYBILL_` names. The file may
 * be absent when nobody named one.
 */
export const loadConfig = Effect.fn("loadConfig")(function* (
  options: LoadOptions,
): Effect.fn.Return<Config, ConfigInvalid, FileSystem.FileSystem> {
  return (yield* loadExplained(options)).config
})
