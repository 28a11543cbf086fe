/** One log line before it is written: what `docs/telemetry.md` promises of its fields, and their order. */
import { Cause, type Logger, type LogLevel, References } from "effect"
import { describeFailure, type Plain, plainValue } from "./plainValue.ts"

export type Level = "debug" | "info" | "warn" | "error" | "fatal"
type Fields = { readonly [key: string]: Plain }

export interface LogEntry {
  /** ISO 8601 in UTC with milliseconds. */
  readonly ts: string
  readonly level: Level
  /** From the closed list of `log.ts`; `log` for a line of Effect's own or of a library. */
  readonly event: string
  readonly message: string
  readonly fields: Fields
  readonly error: Fields | undefined
}

const LEVELS: Readonly<Record<LogLevel.LogLevel, Level>> = {
  All: "debug",
  Trace: "debug",
  Debug: "debug",
  Info: "info",
  Warn: "warn",
  Error: "error",
  Fatal: "fatal",
  None: "fatal",
}

export const levelOf = (level: LogLevel.LogLevel): Level => LEVELS[level]

const RESERVED: ReadonlySet<string> = new Set(["ts", "level", "event", "message", "error"])

/** The stack is shown for a defect only: an error that was expected says in its message what there is to know. */
const describeReason = (reason: Cause.Reason<unknown>): Fields => {
  if (Cause.isFailReason(reason)) return describeFailure(reason.error)
  if (Cause.isInterruptReason(reason)) return { tag: "Interrupted", message: "interrupted" }
  const { defect } = reason
  return {
    ...describeFailure(defect),
    ...(defect instanceof Error && defect.stack !== undefined ? { stack: defect.stack } : {}),
  }
}

/** The first failure or defect, with what else happened under `others`; interruptions only where there is nothing else. */
export const describeCause = (cause: Cause.Cause<unknown>): Fields | undefined => {
  const telling = cause.reasons.filter((reason) => !Cause.isInterruptReason(reason))
  const [first, ...others] = (telling.length > 0 ? telling : cause.reasons.slice(0, 1)).map(describeReason)
  return first === undefined || others.length === 0 ? first : { ...first, others }
}

const isFields = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Error)

export const toEntry = ({ cause, date, fiber, logLevel, message }: Logger.Options<unknown>): LogEntry => {
  const parts: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
  const [text, ...rest] = parts
  const thrown = parts.find((part) => part instanceof Error)
  const error = describeCause(cause) ?? (thrown === undefined ? undefined : describeFailure(thrown))
  const { event, ...annotations } = fiber.getRef(References.CurrentLogAnnotations)
  const spans = fiber.getRef(References.CurrentLogSpans)

  const given: ReadonlyArray<readonly [string, unknown]> = [
    ...Object.entries(annotations),
    ...rest.filter(isFields).flatMap((part) => Object.entries(part)),
    ...spans.map(([label, start]) => [`${label}_ms`, date.getTime() - start] as const),
  ]
  const fields = given.flatMap(([key, value]) => {
    const plain = plainValue(value)
    const taken = RESERVED.has(key) && (key !== "error" || error !== undefined)
    return plain === undefined ? [] : [[taken ? `${key}_` : key, plain] as const]
  })
  const words = [text, ...rest.filter((part) => !isFields(part))]
    .filter((part) => part !== thrown || part === text)
    .map((part) => (part instanceof Error ? part.message : plainValue(part)))
    .map((part) => (typeof part === "string" ? part : (JSON.stringify(part) ?? "")))
  return {
    ts: date.toISOString(),
    level: levelOf(logLevel),
    event: typeof event === "string" ? event : "log",
    message: words.join(" "),
    fields: Object.fromEntries(fields),
    error,
  }
}
