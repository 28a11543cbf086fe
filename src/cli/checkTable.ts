/** The findings of `waybill check` as lines of at most 80 columns. Pure. */
import type { Report, Status } from "../check/Check.ts"
import { printable } from "./printable.ts"
import { type Line, type Style, WIDTH } from "./terminal/line.ts"
import { wrap } from "./terminal/wrap.ts"

const HOP_WIDTH = 13
const STATUS_WIDTH = 6
const INDENT = " ".repeat(HOP_WIDTH + STATUS_WIDTH)
const ARROW = "-> "

const SHOWN: Readonly<Record<Status, { readonly text: string; readonly style: Style }>> = {
  ok: { text: "ok", style: "green" },
  warn: { text: "warn", style: "yellow" },
  fail: { text: "FAIL", style: "red" },
  skipped: { text: "-", style: "dim" },
}

/** No character is cut off: a path that is longer than a line goes on in the next one. */
const broken = (text: string, width: number): ReadonlyArray<string> =>
  wrap(printable(text), width).flatMap((line) => line.match(new RegExp(`.{1,${width}}`, "gu")) ?? [])

/** One hop: what was found, and below it what to do. */
export const rows = ({ advice, hop, message, status }: Report): ReadonlyArray<Line> => {
  const { style, text } = SHOWN[status]
  const word = { text: text.padEnd(STATUS_WIDTH), style }
  return [
    ...broken(message, WIDTH - INDENT.length).map(
      (line, n): Line => (n === 0 ? [hop.padEnd(HOP_WIDTH), word, line] : [INDENT, line]),
    ),
    ...broken(advice, WIDTH - INDENT.length - ARROW.length).map(
      (line, n): Line => [INDENT, n === 0 ? ARROW : " ".repeat(ARROW.length), line],
    ),
  ]
}

export const summary = (reports: ReadonlyArray<Report>): string => {
  const count = (status: Status) => reports.filter((report) => report.status === status).length
  const ending =
    count("fail") > 0
      ? "Mend the first FAIL, then run it again: others may come of it."
      : count("warn") > 0
        ? "Events arrive; the warnings are worth a look."
        : "All is well."
  return `${count("ok")} ok, ${count("warn")} warn, ${count("fail")} fail, ${count("skipped")} skipped.\n${ending}`
}
