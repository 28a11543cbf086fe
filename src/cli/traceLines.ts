/** What `receipts` and `trace` print for people: lines of at most 80 columns, but for an id, which stays whole. Pure. */
import type { Receipt, Traced } from "../trace/shown.ts"
import { printable } from "./printable.ts"
import { type Line, type Style, WIDTH } from "./terminal/line.ts"
import { type Column, table } from "./terminal/table.ts"
import { wrap } from "./terminal/wrap.ts"

const NAME_WIDTH = 13

const toTheSecond = (time: string): string => `${time.slice(0, 19).replace("T", " ")}Z`

const lagOf = ({ confirmed_at, written_at }: Receipt): string =>
  confirmed_at === null || written_at === null
    ? ""
    : `${((Date.parse(confirmed_at) - Date.parse(written_at)) / 1000).toFixed(1)} s`

const COLUMNS: ReadonlyArray<Column> = [
  { title: "WRITTEN" },
  { title: "STATE" },
  { title: "EVENTS", align: "right" },
  { title: "KNOWN", align: "right" },
  { title: "DEAD", align: "right" },
  { title: "ATTEMPTS", align: "right" },
  { title: "LAG", align: "right" },
]

const styleOf = ({ state }: Receipt): Style | undefined =>
  state === "confirmed" ? "green" : state === "left" ? "yellow" : undefined

/** Two lines a receipt, under one head. */
export const receiptLines = (receipts: ReadonlyArray<Receipt>): ReadonlyArray<Line> => {
  const [head = [], ...rows] = table(
    COLUMNS,
    receipts.map((receipt) => [
      toTheSecond(receipt.written_at ?? receipt.begun_at),
      { text: receipt.state, style: styleOf(receipt) },
      String(receipt.events),
      String(receipt.known),
      String(receipt.dead),
      String(receipt.attempts),
      lagOf(receipt),
    ]),
  )
  return [
    head,
    ...receipts.flatMap(
      (receipt, n): ReadonlyArray<Line> => [
        rows[n] ?? [],
        [`  ${printable(receipt.batch)} of ${printable(receipt.feed)}`],
      ],
    ),
  ]
}

const row = (name: string, text: string, style?: Style): ReadonlyArray<Line> =>
  wrap(printable(text), WIDTH - NAME_WIDTH).map(
    (line, n): Line => [
      { text: (n === 0 ? name : "").padEnd(NAME_WIDTH), style: "dim" },
      { text: line, style },
    ],
  )

const times = (n: number): string => `${n} ${n === 1 ? "attempt" : "attempts"}`

const writeLines = (write: Traced["writes"][number]): ReadonlyArray<Line> => [
  ...row("batch", `${write.batch} of ${write.feed}, ${write.events} events`),
  ...row(
    "  written",
    write.written_at === null
      ? `not yet; handed to the writer at ${write.begun_at}`
      : `${write.written_at}, ${times(write.attempts)}`,
  ),
  ...row(
    "  then",
    write.dead_letter
      ? "became a dead letter"
      : write.confirmed_at === null
        ? write.state
        : `${write.state} at ${write.confirmed_at}, ${lagOf(write)} after it was written`,
  ),
]

export const traceLines = (trace: Traced): ReadonlyArray<Line> => [
  ...row("event", trace.event_id),
  ...row("state", trace.state.replaceAll("_", " "), trace.state === "searchable" ? "green" : "yellow"),
  ...row("", trace.summary),
  ...(trace.received_at === null ? [] : row("received", trace.received_at)),
  ...(trace.event_time === null ? [] : row("event time", trace.event_time)),
  ...trace.writes.flatMap(writeLines),
  ...trace.index.places.flatMap(({ index, shard }) => row("index", `${index}, shard ${shard}`)),
  ...(trace.dead_letter === null
    ? []
    : [
        ...row("dead letter", `${trace.dead_letter.key}, ${times(trace.dead_letter.attempts)}`),
        ...row("  error", trace.dead_letter.error),
      ]),
  ...Object.entries(trace.problems).flatMap(([part, why]) =>
    why === null ? [] : row("not asked", `${part}: ${why}`),
  ),
  ...trace.advice.flatMap((line) => row("look at", line)),
]
