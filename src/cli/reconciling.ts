/** What `waybill reconcile` and `waybill backfill` have in common: the flags, the windows, the report, the exit code. */
import process from "node:process"
import { Clock, Console, Data, Effect, Option, Result, Runtime, Terminal } from "effect"
import { CliError, Flag } from "effect/cli"
import { deliver, type LookBackOptions, lookOnly, type Shown } from "../app/lookBack.ts"
import { iso } from "../domain/isoTime.ts"
import type { TimeWindow } from "../reconcile/comparing.ts"
import { feedText, isComplete, missingOf, type Report, reportJson } from "../reconcile/report.ts"
import { parseTime } from "../reconcile/times.ts"
import { InvalidInput, json } from "./flags.ts"
import { makeProgress } from "./progress.ts"
import { withLogs } from "./withLogs.ts"

const MINUTE = 60_000

export const flags = {
  feed: Flag.String("feed").pipe(
    Flag.optional,
    Flag.withDescription("Only this feed, such as flows; all that have a history when absent"),
  ),
  to: Flag.String("to").pipe(
    Flag.optional,
    Flag.withDescription(
      "The end of the window, in the same form as --from; now when absent; with --dry-run the feed's checkpoint, if a running Waybill keeps it recent",
    ),
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDefault(false),
    Flag.withDescription(
      "Look only: say what is missing and send nothing. Works beside a running `waybill run`. Exit code 2 when something is missing",
    ),
  ),
  limit: Flag.Int("limit").pipe(
    Flag.withDefault(20),
    Flag.withDescription("How many missing events are named"),
  ),
  json,
}

export interface Input {
  readonly command: "reconcile" | "backfill"
  readonly feed: Option.Option<string>
  readonly from: string
  readonly to: Option.Option<string>
  readonly dryRun: boolean
  readonly limit: number
  readonly json: boolean
}

/** The work has not come to its end; what it did is kept. */
class NotFinished extends Data.TaggedError("NotFinished")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

/** A dry run has found something to deliver. */
class SomethingMissing extends Data.TaggedError("SomethingMissing")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 2
  override get [CliError.userMessage]() {
    return this.message
  }
}

const timeOf = (flag: string, text: string, now: number) =>
  Effect.fromResult(
    Result.mapError(
      parseTime(text, now),
      (expected) =>
        new InvalidInput({ message: `${flag}: expected ${expected}; got ${JSON.stringify(text)}` }),
    ),
  )

/** The command that goes on with the same window, its times written out. */
const again = (input: Input, from: number, to: number): string =>
  [
    `waybill ${input.command}`,
    ...(Option.isSome(input.feed) ? [`--feed ${input.feed.value}`] : []),
    `--from ${iso(from)}`,
    `--to ${iso(to)}`,
  ].join(" ")

const judge = Effect.fnUntraced(function* (report: Report, goOn: string) {
  if (!isComplete(report)) {
    const causes = report.feeds.flatMap(({ outcome }) => outcome.failure?.message ?? [])
    const where = [...new Set(causes)].join(" ")
    return yield* new NotFinished({
      message: report.dryRun
        ? `Not all could be compared. ${where}`
        : `Not finished; what came before is delivered and confirmed. ${where} To go on there: ${goOn}`,
    })
  }
  const missing = missingOf(report)
  if (report.dryRun && missing > 0)
    return yield* new SomethingMissing({
      message: `${missing.toLocaleString("en")} events are missing. Without --dry-run they are delivered; nothing was sent now.`,
    })
})

const SILENT: Shown = { update: () => Effect.void, end: Effect.void }

/** A window has no known number of records, so its time is what is counted. */
const makeShow = Effect.map(Terminal.Terminal, (terminal) =>
  Effect.fnUntraced(
    function* (feed: string, { from, to }: TimeWindow) {
      yield* Console.log(feed)
      const progress = yield* makeProgress("minutes compared")
      const all = Math.round((to - from) / MINUTE)
      return {
        update: (upTo) => progress.update(Math.round((upTo - from) / MINUTE), all),
        end: progress.end,
      } satisfies Shown
    },
    Effect.provideService(Terminal.Terminal, terminal),
  ),
)

/** Runs the comparison, prints its report, and fails where the exit code is not to be 0. */
export const lookBack = Effect.fnUntraced(function* (input: Input) {
  const now = yield* Clock.currentTimeMillis
  const from = yield* timeOf("--from", input.from, now)
  const to = yield* Effect.transposeOption(Option.map(input.to, (text) => timeOf("--to", text, now)))
  const goOn = again(
    input,
    from,
    Option.getOrElse(to, () => now),
  )
  const options: LookBackOptions = {
    command: input.command,
    feed: Option.getOrUndefined(input.feed),
    from,
    to: Option.getOrElse(to, () => (input.dryRun ? undefined : now)),
    named: input.limit,
    show: input.json ? () => Effect.succeed(SILENT) : yield* makeShow,
  }
  const report = yield* (input.dryRun ? lookOnly(options) : deliver(options)).pipe(
    Effect.onInterrupt(() =>
      Effect.andThen(
        // A stop by signal ends `run` with 0; a window that was not finished is no success.
        Effect.sync(() => {
          process.exitCode = 130
        }),
        Console.error(input.dryRun ? "Interrupted." : `Interrupted. To go on there: ${goOn}`),
      ),
    ),
    withLogs,
  )

  if (input.json) yield* Console.log(reportJson(report))
  else for (const feed of report.feeds) yield* Console.log(`\n${feedText(feed, input.dryRun)}`)
  yield* judge(report, goOn)
})
