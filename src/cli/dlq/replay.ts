/** `waybill dlq replay`: letters are delivered once more. */
import process from "node:process"
import { Console, Data, Effect, Option, Runtime, Terminal } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { replayDryRun, replay as replayLetters } from "../../app/letters.ts"
import { Configuration } from "../../config/Configuration.ts"
import { lookThrough } from "../../dead-letters/lookThrough.ts"
import type { DryRun } from "../../replay/dryRun.ts"
import type { ReplayReport } from "../../replay/replayLetters.ts"
import type { ReplayRequest } from "../../replay/selection.ts"
import { configured } from "../configured.ts"
import { withExitCodes } from "../exitCodes.ts"
import { atLeastOne, json, moreThanZero } from "../flags.ts"
import { makeProgress } from "../progress.ts"
import { withLogs } from "../withLogs.ts"
import { filterOf, id, key, reason, source } from "./flags.ts"
import { failureLines } from "./letterLines.ts"

const NAMED = 20

/** Some letters stay, because their records can't be delivered yet. */
class SomeFailed extends Data.TaggedError("SomeFailed")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 2
  override get [CliError.userMessage]() {
    return this.message
  }
}

class NotFinished extends Data.TaggedError("NotFinished")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

const lettersText = (count: number): string => (count === 1 ? "1 letter" : `${count} letters`)

const rowsText = (rows: ReadonlyArray<readonly [string, number]>): string =>
  rows.map(([name, value]) => `  ${name.padEnd(26)}${value.toLocaleString("en").padStart(10)}`).join("\n")

const failuresText = ({ failures }: Pick<ReplayReport, "failures">): string =>
  failures.length === 0 ? "" : `\n  the first that failed:\n${failures.flatMap(failureLines).join("\n")}`

const reportText = (report: ReplayReport): string =>
  rowsText([
    ["letters taken", report.counts.taken],
    ["delivered and removed", report.counts.delivered],
    ["already indexed, removed", report.counts.known],
    ["failed once more, kept", report.counts.failed],
    ["left as they were", report.counts.left],
  ]) + failuresText(report)

const dryRunText = (found: DryRun): string =>
  rowsText([
    ["letters looked at", found.taken],
    ["would be sent", found.deliverable],
    ["would fail once more", found.failing],
  ]) + failuresText(found)

const lookOnly = Effect.fnUntraced(function* (request: ReplayRequest, json: boolean) {
  const found = yield* withLogs(replayDryRun(request, NAMED))
  yield* Console.log(
    json ? JSON.stringify({ command: "dlq replay", dry_run: true, ...found }) : dryRunText(found),
  )
  if (found.failing > 0)
    return yield* new SomeFailed({
      message: `${found.failing} of ${lettersText(found.taken)} would fail once more. Nothing was sent or changed.`,
    })
})

const judge = ({ complete, counts, error }: ReplayReport) => {
  if (!complete)
    return Effect.fail(
      new NotFinished({
        message:
          `Not finished; what was delivered is removed, and the rest waits as before. ${error?.message ?? ""}`.trimEnd(),
      }),
    )
  return counts.failed === 0
    ? Effect.void
    : Effect.fail(
        new SomeFailed({
          message: `${lettersText(counts.failed)} failed once more and stay; waybill dlq list shows why.`,
        }),
      )
}

const makeShow = Effect.fnUntraced(function* (limit: number | undefined) {
  const { base_path } = (yield* Configuration).dlq
  const all = Math.min(limit ?? Number.POSITIVE_INFINITY, (yield* lookThrough(base_path)).pending)
  const progress = yield* makeProgress("letters")
  return { update: (done: number) => progress.update(Math.min(done, all), all), end: progress.end }
})

const deliver = Effect.fnUntraced(function* (request: ReplayRequest, json: boolean) {
  const isWhole = request.id === undefined && request.keys === undefined
  const show =
    json || !isWhole || request.reason !== undefined || request.source !== undefined
      ? { update: () => Effect.void, end: Effect.void }
      : yield* makeShow(request.limit)
  const terminal = yield* Terminal.Terminal
  const report = yield* replayLetters(request, ({ delivered, failed, known, left }) =>
    Effect.provideService(show.update(delivered + failed + known + left), Terminal.Terminal, terminal),
  ).pipe(
    Effect.onInterrupt(() =>
      Effect.andThen(
        // A stop by signal ends `run` with 0; a replay that was not finished is no success.
        Effect.sync(() => {
          process.exitCode = 130
        }),
        Console.error(
          "Interrupted; what was delivered is removed, and the rest waits as before. A running Waybill that was asked goes on with it.",
        ),
      ),
    ),
    Effect.ensuring(show.end),
    withLogs,
  )
  const { complete, counts, error, failures } = report
  yield* Console.log(
    json
      ? JSON.stringify({
          command: "dlq replay",
          dry_run: false,
          complete,
          error: error?.message ?? null,
          ...counts,
          failures,
        })
      : reportText(report),
  )
  yield* judge(report)
})

export const replay = Command.make(
  "replay",
  {
    reason,
    source,
    key,
    id,
    limit: Flag.Int("limit").pipe(
      Flag.optional,
      Flag.withDescription("At most so many letters, oldest first; all when absent"),
    ),
    rate: Flag.Finite("rate").pipe(
      Flag.optional,
      Flag.withDescription("At most so many letters a second; as fast as the manager takes them when absent"),
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDefault(false),
      Flag.withDescription(
        "Only say of how many letters an event can be made now; sends nothing. Works beside a running `waybill run`. Exit code 2 when some would fail",
      ),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ dryRun, id, json, key, limit, rate, ...flags }) {
    const request = {
      ...filterOf(flags),
      keys: Option.getOrUndefined(Option.map(key, (one) => [one])),
      id: Option.getOrUndefined(id),
      limit: Option.getOrUndefined(limit),
      perSecond: Option.getOrUndefined(rate),
    }
    yield* atLeastOne("--limit", request.limit)
    yield* moreThanZero("--rate", request.perSecond)
    yield* dryRun ? lookOnly(request, json) : deliver(request, json)
  }, configured),
).pipe(
  Command.withDescription(
    "Deliver dead letters once more, after what made them fail is mended. Each goes through normalizer and pipeline as " +
      "any event: what the index has already is not sent, and a letter is removed only when a search has returned its " +
      "event. One that fails again stays, with one attempt more. It can be interrupted or killed at any time. " +
      "A running `waybill run` is asked to do it, through its admin API.",
  ),
  withExitCodes({
    0: "all that was asked for is delivered, or could be",
    1: "failed or not finished; the rest waits as before",
    2: "some letters failed once more, or would",
    130: "interrupted",
  }),
  Command.withShortDescription("Deliver dead letters once more"),
  Command.withExamples([
    { command: "waybill dlq replay --dry-run", description: "Has the fix helped? Sends nothing" },
    {
      command: "waybill dlq replay --reason normalization_failed --limit 10",
      description: "Try the oldest ten of a kind",
    },
    { command: "waybill dlq replay --rate 50", description: "All, at 50 letters a second" },
  ]),
)
