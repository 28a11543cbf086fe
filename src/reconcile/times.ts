/** Points in time as people give them on the command line. Pure. */
import { Result } from "effect"
import type { TimeWindow } from "./comparing.ts"

const SECOND = 1000

const UNITS: ReadonlyArray<readonly [RegExp, number]> = [
  [/^s(ec(ond)?s?)?$/, 1000],
  [/^m(in(ute)?s?)?$/, 60_000],
  [/^h((ou)?rs?)?$/, 3_600_000],
  [/^d(ays?)?$/, 86_400_000],
  [/^w(eeks?)?$/, 604_800_000],
]

/** Date, or date and time; a zone is optional after a time. Without one it is UTC, not the machine's. */
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i
const AGO = /^(\d+(?:\.\d+)?)\s*([a-z]+)(?:\s+ago)?$/i

export const TIME_FORMS =
  "an ISO 8601 time such as 2026-02-22T19:00:00Z, or how long ago: 24h, 7d, 90 minutes ago"

const isoMillis = (text: string): number | undefined => {
  const [, date, time = "00:00", zone = "Z"] = ISO.exec(text) ?? []
  if (date === undefined) return undefined
  const millis = Date.parse(`${date}T${time}${zone.toUpperCase()}`)
  // Date.parse takes 2026-02-30 for the 2nd of March.
  const isDay = new Date(`${date}T00:00Z`).toJSON()?.startsWith(date) === true
  return Number.isNaN(millis) || !isDay ? undefined : millis
}

const agoMillis = (text: string, now: number): number | undefined => {
  const [, count, name] = AGO.exec(text) ?? []
  if (count === undefined || name === undefined) return undefined
  const unit = UNITS.find(([pattern]) => pattern.test(name.toLowerCase()))
  return unit === undefined ? undefined : now - Number(count) * unit[1]
}

/** Epoch milliseconds; the failure ends the sentence "expected …". */
export const parseTime = (text: string, now: number): Result.Result<number, string> => {
  const given = text.trim()
  if (given.toLowerCase() === "now") return Result.succeed(now)
  const millis = isoMillis(given) ?? agoMillis(given, now)
  return millis === undefined ? Result.fail(TIME_FORMS) : Result.succeed(millis)
}

/** In whole seconds, as sources have it. Epoch milliseconds. */
export const wholeSeconds = ({ from, to }: TimeWindow): TimeWindow => ({
  from: Math.floor(from / SECOND) * SECOND,
  to: Math.ceil(to / SECOND) * SECOND,
})

/** What can be compared of a window: nothing of the future, nothing that the source no longer has. */
export interface Bounded extends TimeWindow {
  /** What is older than the source's retention, and left out. */
  readonly tooOld: TimeWindow | undefined
}

/** In whole seconds, as sources have it. Empty: `from` is not before `to`. Epoch milliseconds. */
export const boundWindow = (
  wanted: TimeWindow,
  now: number,
  retentionMillis: number | undefined,
): Bounded => {
  const { from, to: end } = wholeSeconds(wanted)
  const to = Math.min(end, Math.floor(now / SECOND) * SECOND)
  if (retentionMillis === undefined) return { from, to, tooOld: undefined }
  const oldest = Math.ceil((now - retentionMillis) / SECOND) * SECOND
  if (from >= oldest) return { from, to, tooOld: undefined }
  return { from: oldest, to, tooOld: { from, to: Math.min(oldest, to) } }
}
