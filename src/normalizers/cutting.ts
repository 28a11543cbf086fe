/** Shortens what is too long for Wazuh, with a mark that says how much is missing. */
import type { Fields, Value } from "./Normalizer.ts"

export const byteLength = (value: string): number => Buffer.byteLength(value)

/** NUL ends an event and a lone surrogate makes it undecodable: both become U+FFFD. */
export const wellFormed = (value: string): string => value.toWellFormed().replaceAll("\0", "\uFFFD")

const MARK = /… \[cut by waybill: (\d+) bytes\]$/
/** What a mark may take, whatever its number. */
const MARK_BYTES = 48
/** Texts shorter than this are never cut to make an event fit. */
const FLOOR_BYTES = 1_024

type Cost = (codePoint: number) => number
/** Bytes of UTF-8. */
const plainCost: Cost = (c) => (c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4)
/** Bytes of UTF-8 inside a JSON string, as JSON.stringify escapes it. */
const escapedCost: Cost = (c) =>
  c === 0x22 || c === 0x5c
    ? 2
    : c < 0x20
      ? c === 8 || c === 9 || c === 10 || c === 12 || c === 13
        ? 2
        : 6
      : plainCost(c)

const cutBy = (cost: Cost, value: string, limit: number): string => {
  // A text that was cut before is cut further: the mark must count from the text as it came.
  const mark = MARK.exec(value)
  const original = mark === null ? value : value.slice(0, mark.index)
  const room = limit - MARK_BYTES
  let end = 0
  let used = 0
  while (end < original.length) {
    const c = original.codePointAt(end) ?? 0
    used += cost(c)
    if (used > room) break
    end += c > 0xffff ? 2 : 1
  }
  const missing = byteLength(original.slice(end)) + Number(mark?.[1] ?? 0)
  return `${original.slice(0, end)}… [cut by waybill: ${missing} bytes]`
}

/** The text, or as much of its beginning as fits into `limit` bytes of UTF-8 together with the mark. */
export const cutText = (value: string, limit: number): string =>
  value.length * 3 <= limit || byteLength(value) <= limit ? value : cutBy(plainCost, value, limit)

/** The text in pieces of at most `limit` bytes of UTF-8, no character divided. */
export const pieces = (value: string, limit: number): ReadonlyArray<string> => {
  if (value.length * 3 <= limit) return [value]
  const found: Array<string> = []
  let [start, at, used] = [0, 0, 0]
  while (at < value.length) {
    const c = value.codePointAt(at) ?? 0
    const bytes = plainCost(c)
    if (used + bytes > limit) {
      found.push(value.slice(start, at))
      start = at
      used = 0
    }
    used += bytes
    at += c > 0xffff ? 2 : 1
  }
  return [...found, value.slice(start)]
}

/** The items from the first on, as far as there is room; the last of them may be cut itself. */
const cutList = (items: ReadonlyArray<string>, limit: number): ReadonlyArray<string> => {
  let room = limit - MARK_BYTES
  const kept: Array<string> = []
  for (const item of items) {
    const bytes = encodedLength(item) + 1
    if (bytes > room) {
      if (room > FLOOR_BYTES) kept.push(cutBy(escapedCost, item, room))
      break
    }
    room -= bytes
    kept.push(item)
  }
  const missing = items.length - kept.length
  return missing === 0 ? kept : [...kept, `… [cut by waybill: ${missing} items]`]
}

const encodedLength = (value: string | ReadonlyArray<string>): number => byteLength(JSON.stringify(value))

const isList = (value: Value): value is ReadonlyArray<string> => Array.isArray(value)

/** By these an event is found and told apart: they are never cut. */
const WHOLE = new Set(["source", "event_type", "event_id", "event_time"])

const longLeaves = (fields: Fields, path: string): Array<{ readonly path: string; readonly bytes: number }> =>
  Object.entries(fields).flatMap(([key, value]) => {
    const at = `${path}.${key}`
    if (value === undefined || (path === "" && WHOLE.has(key))) return []
    if (typeof value !== "string" && !isList(value)) return longLeaves(value, at)
    const bytes = encodedLength(value)
    return bytes > FLOOR_BYTES ? [{ path: at, bytes }] : []
  })

const cutTo = (limits: ReadonlyMap<string, number>, fields: Fields, path: string): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]): readonly [string, Value] => {
      const at = `${path}.${key}`
      if (value === undefined) return [key, undefined]
      if (typeof value !== "string" && !isList(value)) return [key, cutTo(limits, value, at)]
      const limit = limits.get(at)
      if (limit === undefined) return [key, value]
      return [key, isList(value) ? cutList(value, limit) : cutBy(escapedCost, value, limit)]
    }),
  )

/**
 * The fields with their longest texts and lists cut, the longest first, so that the JSON gets `excess` bytes shorter.
 * `undefined` where that would take cutting what is already short.
 */
export const shrink = (fields: Fields, excess: number): Fields | undefined => {
  const limits = new Map<string, number>()
  let missing = excess
  for (const leaf of longLeaves(fields, "").sort((a, b) => b.bytes - a.bytes)) {
    if (missing <= 0) break
    const taken = Math.min(missing, leaf.bytes - FLOOR_BYTES)
    limits.set(leaf.path, leaf.bytes - taken)
    missing -= taken
  }
  return missing > 0 ? undefined : cutTo(limits, fields, "")
}
