/** The log of a `waybill run`, read while it grows: what is in it, what comes next. */
import assert from "node:assert"
import { type Duration, Effect, FileSystem, Schedule } from "effect"
import { type LogLine, logLines } from "./logLines.ts"

export interface RunLogOptions {
  /** How long to wait for anything; 45 s when absent. */
  readonly atMost?: Duration.Input | undefined
  /** From one look to the next; 25 ms when absent. */
  readonly lookEvery?: Duration.Input | undefined
}

/**
 * Milliseconds by which every wait ends late, 0 unless told. A machine that stalls does the same: what passes with
 * TEST_LATE_BY=3000 does not lean on an instant.
 */
export const LATE_BY = Number(process.env.TEST_LATE_BY || 0)

const every = () => true

export const makeRunLog = Effect.fnUntraced(function* (file: string, options: RunLogOptions = {}) {
  const fs = yield* FileSystem.FileSystem
  const lines = fs.readFileString(file).pipe(
    Effect.orElseSucceed(() => ""),
    Effect.map(logLines),
  )
  /** Its end, for the message of a test that fails. */
  const tail = Effect.map(lines, (all) =>
    all
      .slice(-15)
      .map(({ ts, event, message }) => `  ${ts} ${event}: ${message}`)
      .join("\n"),
  )

  /** Waits until it is true; when that takes too long, fails with what was awaited and the end of the log. */
  const until = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>) =>
    condition.pipe(
      Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced(options.lookEvery ?? "25 millis") }),
      Effect.timeoutOrElse({
        duration: options.atMost ?? "45 seconds",
        orElse: () =>
          Effect.flatMap(tail, (end) =>
            Effect.sync(() => assert.fail(`waited in vain until ${what}; its log ends with\n${end}`)),
          ),
      }),
      Effect.andThen(Effect.sleep(LATE_BY)),
      Effect.asVoid,
    )

  /** How many lines with this event, of those that pass, there are in the log. */
  const countLines = (event: string, passes: (line: LogLine) => boolean = every) =>
    Effect.map(lines, (all) => all.filter((line) => line.event === event && passes(line)).length)

  /** Waits for `more` such lines beyond those that are there now. */
  const nextLine = Effect.fnUntraced(function* (
    event: string,
    passes: (line: LogLine) => boolean = every,
    more = 1,
  ) {
    const before = yield* countLines(event, passes)
    yield* until(
      `${more} more ${event}`,
      Effect.map(countLines(event, passes), (now) => now >= before + more),
    )
  })

  const hasLine = (event: string, passes: (line: LogLine) => boolean = every) =>
    until(
      `the log has ${event}`,
      Effect.map(countLines(event, passes), (count) => count > 0),
    )

  /** Events that were proven lost, those lost again counted again. */
  const lostEvents = Effect.map(lines, (all) =>
    all.filter(({ event }) => event === "batch.lost").reduce((sum, { lost }) => sum + Number(lost), 0),
  )

  return { lines, tail, until, countLines, nextLine, hasLine, lostEvents }
})
