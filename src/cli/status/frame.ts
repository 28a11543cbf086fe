/** A status as lines of 80 columns. Pure. */
import { printable } from "../printable.ts"
import { type Line, type Piece, type Style, WIDTH } from "../terminal/line.ts"
import { bar, sparkline } from "../terminal/plot.ts"
import { type Cell, type Column, table } from "../terminal/table.ts"
import { count, percent, rate, span } from "../terminal/words.ts"
import { wrap } from "../terminal/wrap.ts"
import type { Gathered } from "./gather.ts"
import { rateOf, type Sample } from "./rates.ts"
import type { FeedReport, LagSample, StatusReport } from "./report.ts"

const PLOT = 12
const HOUR = 3_600_000
const QUEUE_BAR = 16
/** From here on the manager is close to dropping what others send. */
const FULL = 0.8

const styled = (text: string, style: Style | undefined): Piece => ({ text, style })
const numberOr = (value: number | undefined): Cell =>
  value === undefined ? styled("-", "dim") : count(value)

/** A text of any length, on as many lines as it needs. */
export const told = (text: string, style: Style): ReadonlyArray<Line> =>
  wrap(printable(text), WIDTH).map((line): Line => [styled(line, style)])

/** The lag of the last hour, oldest first: the longest of each stretch of time, and a gap where nothing arrived. */
export const lagPlot = (samples: ReadonlyArray<LagSample>, now: number, width: number): string => {
  const stretch = HOUR / width
  const slots: Array<number | undefined> = Array.from({ length: width })
  for (const { at, lag_ms } of samples) {
    const slot = width - 1 - Math.floor((now - Date.parse(at)) / stretch)
    if (slot >= 0 && slot < width) slots[slot] = Math.max(lag_ms, slots[slot] ?? 0)
  }
  return sparkline(slots, width)
}

const stateOf = ({ not_ready, ready, running }: StatusReport): Piece =>
  !running
    ? styled("not running", "red")
    : ready === true
      ? styled("ready", "green")
      : styled(`not ready (${not_ready.length})`, "yellow")

const headLines = (report: StatusReport): ReadonlyArray<Line> => {
  const { dead_letters, manager_queue_usage: usage, uptime_seconds, url, why } = report
  const letters: Line = [
    "dead letters: ",
    dead_letters === null
      ? "unknown"
      : styled(`${count(dead_letters)} waiting`, dead_letters > 0 ? "red" : undefined),
  ]
  const queue: Line =
    usage === null
      ? []
      : [
          "manager's queue: ",
          styled(bar(usage, QUEUE_BAR), usage >= FULL ? "red" : "green"),
          ` ${percent(usage)}   `,
        ]
  return [
    [
      styled("Waybill", "bold"),
      ` at ${url}: `,
      stateOf(report),
      ...(uptime_seconds === null ? [] : [`, up ${span(uptime_seconds * 1000)}`]),
    ],
    [...queue, ...letters],
    ...(why === null ? [] : told(why, "yellow")),
    ...report.not_ready.flatMap(({ feed, part, why }) => told(`! ${feed ?? part}: ${why}`, "yellow")),
    ...(report.not_ready.length === 0
      ? []
      : [[styled("`waybill check` looks at every hop and says what to do", "dim")]]),
  ]
}

/** The ledger: what was fetched is the sum of the others, and of what is on its way. */
const COUNTS: ReadonlyArray<Column> = [
  { title: "FEED" },
  { title: "FETCHED", align: "right" },
  { title: "CONFIRMED", align: "right" },
  { title: "KNOWN", align: "right" },
  { title: "REPEATED", align: "right" },
  { title: "FILTERED", align: "right" },
  { title: "DEAD", align: "right" },
]

const countsRow = ({ counts, feed }: FeedReport): ReadonlyArray<Cell> => {
  const dead = counts?.dead ?? 0
  return [
    feed,
    numberOr(counts?.fetched),
    numberOr(counts?.confirmed),
    numberOr(counts?.known),
    numberOr(counts?.repeated),
    numberOr(counts?.filtered),
    dead > 0 ? styled(count(dead), "red") : numberOr(counts?.dead),
  ]
}

const WAYS: ReadonlyArray<Column> = [
  { title: "FEED" },
  { title: "CHECKPOINT" },
  { title: "RATE", align: "right" },
  { title: "LAG", align: "right" },
  { title: "OUTSTANDING", align: "right" },
  { title: "LAST HOUR" },
]

/** How old the checkpoint is, or for pushes up to which entry it is. */
export const checkpointText = ({ checkpoint, checkpoint_age_seconds: age }: FeedReport): string => {
  if (checkpoint === null) return "none yet"
  if (checkpoint.kind === "sequence") return `entry ${count(checkpoint.up_to)}`
  return age === null ? "-" : `${span(age * 1000)} old`
}

const wayRow =
  ({ at, lags }: Gathered, samples: ReadonlyArray<Sample>) =>
  (feed: FeedReport): ReadonlyArray<Cell> => {
    const perSecond = rateOf(samples, feed.feed)
    return [
      feed.feed,
      checkpointText(feed),
      perSecond === undefined ? styled("-", "dim") : rate(perSecond),
      feed.lag_ms === null ? styled("-", "dim") : span(feed.lag_ms),
      feed.counts === null
        ? styled("-", "dim")
        : styled(count(feed.counts.outstanding), feed.stalled ? "red" : undefined),
      styled(lagPlot(lags.get(feed.feed) ?? [], at, PLOT), "cyan"),
    ]
  }

/** What the ledger does not account for, of each feed where that is anything. */
const ledgerLines = ({ feeds }: Pick<StatusReport, "feeds">): ReadonlyArray<Line> =>
  feeds.flatMap(({ counts, feed }) =>
    counts === null || counts.unaccounted === 0
      ? []
      : told(`! ${feed}: ${count(Math.abs(counts.unaccounted))} records are unaccounted for`, "red"),
  )

/** Why the last poll of each feed failed, where it did. */
export const errorLines = ({ feeds }: Pick<StatusReport, "feeds">): ReadonlyArray<Line> =>
  feeds.flatMap(({ feed, last_error }) =>
    last_error === null
      ? []
      : told(
          // Most of a source's errors begin with the feed's name.
          last_error.message.startsWith(`${feed}: `)
            ? `! ${last_error.message}`
            : `! ${feed}: ${last_error.message}`,
          "red",
        ),
  )

/** @param samples of this view; with one there is no rate yet */
export const frame = (gathered: Gathered, samples: ReadonlyArray<Sample>): ReadonlyArray<Line> => {
  const { report } = gathered
  if (report.feeds.length === 0) return [...headLines(report), [], ["No feed is enabled."]]
  return [
    ...headLines(report),
    [],
    ...table(COUNTS, report.feeds.map(countsRow)),
    [],
    ...table(WAYS, report.feeds.map(wayRow(gathered, samples))),
    ...ledgerLines(report),
    ...errorLines(report),
  ]
}
