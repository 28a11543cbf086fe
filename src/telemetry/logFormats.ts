/** How a log entry is written: one line each in `json` and `logfmt`; `pretty` is for people and may take more. */
import type { Level, LogEntry } from "./logEntry.ts"
import type { Plain } from "./plainValue.ts"

/** Characters that JSON leaves as they are and that break lines or rewrite what a terminal shows. */
const UNSAFE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const stringify = (value: Plain): string =>
  JSON.stringify(value).replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** Fields in the order of `docs/telemetry.md`: who reads the raw lines finds the same things at the same place. */
export const json = ({ ts, level, event, message, fields, error }: LogEntry): string =>
  stringify({ ts, level, event, message, ...fields, ...(error === undefined ? {} : { error }) })

type Pair = readonly [key: string, value: Plain]

const flatten = (prefix: string, value: Plain): ReadonlyArray<Pair> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, one]) => flatten(`${prefix}.${key}`, one))
    : [[prefix, value]]

const pairs = (fields: Readonly<Record<string, Plain>>): ReadonlyArray<Pair> =>
  Object.entries(fields).flatMap(([key, value]) => flatten(key, value))

const isBare = (text: string): boolean => /^[\w.:/+@,*-]+$/.test(text)

const pair = ([key, value]: Pair): string => {
  const text = typeof value === "string" ? value : stringify(value)
  return `${key.replace(/[^\w.-]/g, "_")}=${isBare(text) ? text : stringify(text)}`
}

export const logfmt = ({ ts, level, event, message, fields, error }: LogEntry): string =>
  [
    ...pairs({ ts, level, event, message, ...fields }),
    ...(error === undefined ? [] : flatten("error", error)),
  ]
    .map(pair)
    .join(" ")

const COLOURS: Readonly<Record<Level, number>> = { debug: 90, info: 32, warn: 33, error: 31, fatal: 35 }
const DIM = 2

/** Text as it is, but for control characters: it may hold what a stranger sent. */
const shown = (text: string): string =>
  stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("\\\\", "\\")

export const pretty =
  (colour: boolean) =>
  ({ ts, level, event, message, fields, error }: LogEntry): string => {
    const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
    const stack = error?.stack
    const details = Object.fromEntries(Object.entries(error ?? {}).filter(([key]) => key !== "stack"))
    const head = [
      paint(DIM, ts.slice(11)),
      paint(COLOURS[level], level.toUpperCase().padEnd(5)),
      shown(message),
      paint(DIM, [["event", event] as const, ...pairs(fields)].map(pair).join(" ")),
    ].join(" ")
    return [
      head,
      ...(error === undefined ? [] : [`  ${paint(COLOURS.error, pairs(details).map(pair).join(" "))}`]),
      ...(typeof stack === "string"
        ? stack.split("\n").map((line) => `    ${paint(DIM, shown(line.trim()))}`)
        : []),
    ].join("\n")
  }
