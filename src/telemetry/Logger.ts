/**
 * Writes log lines to standard output, one line an entry, in place of Effect's own logger.
 *
 * Commands that print their result to standard output provide `Logger.LogToStderr` as true, and the lines go there.
 */
import process from "node:process"
import { Effect, Layer, Logger, type LogLevel, References } from "effect"
import type { Config } from "../config/Config.ts"
import { type LogEntry, toEntry } from "./logEntry.ts"
import { json, logfmt, pretty } from "./logFormats.ts"

type Format = Config["log"]["format"]
type Level = Config["log"]["level"]

const LEVELS: Readonly<Record<Level, LogLevel.LogLevel>> = {
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
}

/** Colour where a terminal shows it, unless its user asked for none (no-color.org: any value but an empty one). */
export const wantsColour = (isTerminal: boolean, noColor: string | undefined): boolean =>
  isTerminal && (noColor === undefined || noColor === "")

const writerOf = (format: Format): ((entry: LogEntry) => string) => {
  switch (format) {
    case "json":
      return json
    case "logfmt":
      return logfmt
    case "pretty":
      return pretty(wantsColour(process.stdout.isTTY === true, process.env.NO_COLOR))
  }
}

/** Lines of `level` and above in `format`; nothing else writes to the log. */
export const layer = (format: Format, level: Level): Layer.Layer<never> =>
  Layer.mergeAll(
    Logger.layer([
      Effect.sync(() => {
        const write = writerOf(format)
        const lines = Logger.make((options) => write(toEntry(options)))
        const toStdout = Logger.withConsoleLog(lines)
        const toStderr = Logger.withConsoleError(lines)
        return Logger.make((options) =>
          (options.fiber.getRef(References.LogToStderr) ? toStderr : toStdout).log(options),
        )
      }),
    ]),
    Layer.succeed(References.MinimumLogLevel, LEVELS[level]),
  )
