/** `waybill feeds`: which feeds there are, how often they are polled, and how the last poll went. */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { configured } from "./configured.ts"
import { json } from "./flags.ts"
import { checkpointText, errorLines, told } from "./status/frame.ts"
import { makeGather } from "./status/gather.ts"
import type { FeedReport, StatusReport } from "./status/report.ts"
import { type Line, lineText, type Piece, paint } from "./terminal/line.ts"
import { type Cell, type Column, table } from "./terminal/table.ts"
import { span } from "./terminal/words.ts"

const COLUMNS: ReadonlyArray<Column> = [
  { title: "FEED" },
  { title: "EVERY" },
  { title: "CHECKPOINT" },
  { title: "LAST POLL" },
  { title: "NEXT" },
  { title: "STATE" },
]

const pollText = ({ last_poll }: FeedReport, now: number): string => {
  if (last_poll === null) return "-"
  if (last_poll.ended_at === null) return `for ${span(now - Date.parse(last_poll.began_at))}`
  return `${span(Math.max(0, now - Date.parse(last_poll.ended_at)))} ago`
}

const stateOf = ({ counts, last_error, last_poll, stalled }: FeedReport): Piece => {
  if (counts === null) return { text: "not running", style: "dim" }
  if (stalled === true) return { text: "stalled", style: "red" }
  if (last_error !== null) return { text: last_error.reason, style: "red" }
  if (last_poll === null) return { text: "waiting", style: "dim" }
  return { text: last_poll.ended_at === null ? "polling" : "ok", style: "green" }
}

const rowOf =
  (now: number) =>
  (feed: FeedReport): ReadonlyArray<Cell> => {
    const { interval_seconds: every, next_poll } = feed
    return [
      feed.feed,
      every === null ? "pushed" : span(every * 1000),
      checkpointText(feed),
      pollText(feed, now),
      next_poll === null ? "-" : `in ${span(Math.max(0, Date.parse(next_poll) - now))}`,
      stateOf(feed),
    ]
  }

/** Pure. */
export const feedLines = (report: Pick<StatusReport, "feeds" | "why">, now: number): ReadonlyArray<Line> => [
  ...(report.why === null ? [] : [...told(report.why, "yellow"), []]),
  ...(report.feeds.length === 0 ? [["No feed is enabled."]] : table(COLUMNS, report.feeds.map(rowOf(now)))),
  ...errorLines(report),
]

export const feeds = Command.make(
  "feeds",
  { json },
  Effect.fnUntraced(
    function* ({ json }) {
      const { at, report } = yield* yield* makeGather
      const { feeds, running, url, why } = report
      if (json) return yield* Console.log(JSON.stringify({ command: "feeds", running, why, url, feeds }))
      const painted = yield* paint
      yield* Console.log(
        feedLines(report, at)
          .map((line) => lineText(line, painted))
          .join("\n"),
      )
    },
    Effect.scoped,
    configured,
  ),
).pipe(
  Command.withDescription(
    "The feeds of the configuration: how often each is polled, how old its checkpoint is, when it was polled last and will " +
      "be next, and why the last poll failed. From the running Waybill, or from its folders where none answers.",
  ),
  Command.withShortDescription("Each feed, its polls and its checkpoint"),
  Command.withExamples([
    { command: "waybill feeds", description: "Which are there, and does each of them work?" },
    {
      command: "waybill feeds --json | jq -r '.feeds[] | select(.last_error) | .feed'",
      description: "Whose last poll failed?",
    },
  ]),
)
