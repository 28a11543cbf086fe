/** The little of the MSP query language that the simulator obeys: time ranges. Other qualifiers are let through. */
import type { Range } from "./Timeline.ts"

const TIME = /(?:^|\s)ts:(>=|<=|>|<)?(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?/g
/** Times have milliseconds, so this step is below any distance of two of them. */
const STEP = 0.0004

/**
 * The range of `ts` in seconds, both ends included. Without one: the last 24 hours for flows, everything for alarms.
 *
 * @param now epoch seconds
 */
export const rangeOf = (params: URLSearchParams, kind: "flows" | "alarms", now: number): Range => {
  let from = -Infinity
  let to = Infinity
  let limited = false
  for (const [, operator, first, second] of (params.get("query") ?? "").matchAll(TIME)) {
    const value = Number(first)
    limited = true
    if (second !== undefined) {
      from = Math.max(from, value)
      to = Math.min(to, Number(second))
    } else if (operator === ">" || operator === ">=") {
      from = Math.max(from, operator === ">" ? value + STEP : value)
    } else if (operator === "<" || operator === "<=") {
      to = Math.min(to, operator === "<" ? value - STEP : value)
    } else {
      from = Math.max(from, value)
      to = Math.min(to, value)
    }
  }
  if (!limited && kind === "flows") from = now - 86_400
  return { from, to, order: params.get("sortBy") === "ts:asc" ? "asc" : "desc" }
}

/** 200 unless asked for, at most 500. */
export const limitOf = (params: URLSearchParams): number => {
  const asked = Number(params.get("limit") ?? "200")
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, 500) : 200
}

export interface Cursor {
  /** The record at which the next page begins. */
  readonly start: number
  /** Which page of its listing this is, from 1. */
  readonly page: number
}

export const encodeCursor = (cursor: Cursor): string =>
  Buffer.from(`msp2 ${cursor.page} ${cursor.start}`).toString("base64url")

/** `undefined` for one that this API never gave out. */
export const decodeCursor = (text: string): Cursor | undefined => {
  const match = /^msp2 (\d+) (\d+)$/.exec(Buffer.from(text, "base64url").toString())
  return match === null ? undefined : { page: Number(match[1]), start: Number(match[2]) }
}
