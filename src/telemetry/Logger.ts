/**
 * Writes log lines to standard output, one line an entry, in place of Effect's own logger.
 *
 * Commands that print their result to standard output provide `Logger.LogToStderr` as true, and the lines go there.
 */
import process from "node:process"
import { Clock, Console, Duration, Effect, Layer, Logger, References } from "effect"
import type { Config } from "../config/Config.ts"
import { LogLevel, type ShownLevel } from "./LogLevel.ts"
import { type Level, type LogEntry, levelOf, toEntry } from "./logEntry.ts"
import { json, logfmt, pretty } from "./logFormats.ts"
import { Repeats } from "./repeats.ts"

type Format = Config["log"]["format"]

const IMPORTANCE: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 }

/** Colour where a terminal shows it, unless its user asked for none (no-color.org: any value but an empty one). */
export const wantsColour = (isTerminal: boolean, noColor: string | undefined): boolean =>
  isTerminal && (noColor === undefined || noColor === "")

const writerOf = (format: Format, isTerminal: boolean): ((entry: LogEntry) => string) => {
  switch (format) {
    case "json":
      return json
    case "logfmt":
      return logfmt
    case "pretty":
      return pretty(wantsColour(isTerminal, process.env.NO_COLOR))
  }
}

const make = Effect.fnUntraced(function* (options: Config["log"]) {
  const onOutput = writerOf(options.format, process.stdout.isTTY === true)
  const onError = writerOf(options.format, process.stderr.isTTY === true)
  const repeats = new Repeats(Duration.toMillis(options.repeat_every))
  let shown: ShownLevel = options.level
  const stdout = yield* Console.Console
  let print = (entry: LogEntry) => stdout.log(onOutput(entry))

  const logger = Logger.make<unknown, void>((line) => {
    const level = levelOf(line.logLevel)
    if (IMPORTANCE[level] < IMPORTANCE[shown]) return
    const console = line.fiber.getRef(Console.Console)
    print = line.fiber.getRef(References.LogToStderr)
      ? (entry) => console.error(onError(entry))
      : (entry) => console.log(onOutput(entry))
    for (const entry of repeats.take(toEntry(line), line.date.getTime())) print(entry)
  })
  yield* Effect.addFinalizer(() =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      for (const entry of repeats.rest(now)) print(entry)
    }),
  )
  const level = LogLevel.of({
    get: Effect.sync(() => shown),
    set: (chosen) =>
      Effect.sync(() => {
        shown = chosen
      }),
  })
  return { logger, level }
})

/** The lines that `options` want, and nothing else writes to the log; with the service that changes their level. */
export const layer = (options: Config["log"]): Layer.Layer<LogLevel> =>
  Layer.unwrap(
    Effect.map(make(options), ({ level, logger }) =>
      Layer.mergeAll(
        Logger.layer([logger]),
        Layer.succeed(LogLevel, level),
        // Everything comes to the logger, which knows what is shown now.
        Layer.succeed(References.MinimumLogLevel, "Debug"),
      ),
    ),
  )
