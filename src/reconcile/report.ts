/** What `waybill reconcile` and `waybill backfill` print. Pure; the JSON is a contract, see docs/cli-json.md. */

import { iso } from "../domain/isoTime.ts"
import type { TimeWindow } from "./comparing.ts"
import type { Missing, Outcome } from "./Reconcile.ts"
import { countFields } from "./scheduled.ts"

export interface Report {
  readonly command: "reconcile" | "backfill"
  readonly dryRun: boolean
  readonly feeds: ReadonlyArray<FeedReport>
}

export interface FeedReport {
  readonly outcome: Outcome
  readonly tooOld: TimeWindow | undefined
}

/** Nothing was left out of any window that can still be had, and nothing is left to do. */
export const isComplete = ({ feeds }: Report): boolean => feeds.every(({ outcome }) => outcome.complete)

export const missingOf = ({ feeds }: Report): number =>
  feeds.reduce((sum, { outcome }) => sum + outcome.counts.missing, 0)

const windowJson = ({ from, to }: TimeWindow) => ({ from: iso(from), to: iso(to) })
const missingJson = ({ id, time, type }: Missing) => ({
  event_id: id,
  event_type: type,
  event_time: iso(time),
})

export const reportJson = (report: Report): string =>
  JSON.stringify({
    command: report.command,
    dry_run: report.dryRun,
    complete: isComplete(report),
    feeds: report.feeds.map(({ outcome, tooOld }) => ({
      feed: outcome.feed,
      ...windowJson(outcome.window),
      too_old: tooOld === undefined ? null : windowJson(tooOld),
      resumed_from: outcome.resumedFrom === undefined ? null : iso(outcome.resumedFrom),
      complete: outcome.complete,
      error: outcome.failure?.message ?? null,
      ...countFields(outcome.counts),
      first_missing: outcome.missing.map(missingJson),
    })),
  })

const number = (value: number): string => value.toLocaleString("en")

/** One feed's counts as a table, and the first of what was missing. */
export const feedText = ({ outcome, tooOld }: FeedReport, dryRun: boolean): string => {
  const { counts, missing, window } = outcome
  const rows: ReadonlyArray<readonly [string, number]> = [
    ["at the source", counts.atSource],
    ["already indexed", counts.indexed],
    ["indexed twice", counts.duplicated],
    ["dead letters already", counts.deadLetters],
    ["missing", counts.missing],
    ...(dryRun
      ? []
      : ([
          ["written", counts.written],
          ["confirmed", counts.confirmed],
          ["new dead letters", counts.deadLettered],
        ] as const)),
  ]
  return [
    `${outcome.feed}: ${iso(window.from)} to ${iso(window.to)}`,
    ...(tooOld === undefined
      ? []
      : [`  not compared: ${iso(tooOld.from)} to ${iso(tooOld.to)}, older than the source keeps records`]),
    ...(outcome.resumedFrom === undefined
      ? []
      : [`  went on from ${iso(outcome.resumedFrom)}; the counts are of the whole window`]),
    ...rows.map(([name, value]) => `  ${name.padEnd(22)}${number(value).padStart(12)}`),
    ...(missing.length === 0
      ? []
      : [
          missing.length < counts.missing
            ? `  the first ${number(missing.length)} that were missing:`
            : "  that were missing:",
          ...missing.map(({ id, time, type }) => `    ${iso(time)}  ${type}  ${id}`),
        ]),
    ...(outcome.failure === undefined
      ? outcome.complete
        ? []
        : ["  not finished"]
      : [`  not finished: ${outcome.failure.message}`]),
  ].join("\n")
}
