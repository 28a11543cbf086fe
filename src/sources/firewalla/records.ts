/**
 * Reads the few fields of a raw record that fetching depends on, whichever of the seen spellings it has. Judging the
 * whole record is the normalizer's part.
 */

export type RawRecord = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is RawRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A field of a field, e.g. `device.id`; undefined where any of it is missing. */
export const within = (value: unknown, key: string): unknown => (isRecord(value) ? value[key] : undefined)

/** A finite number, or text that is one. */
export const numberOf = (value: unknown): number | undefined => {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined
  if (typeof value !== "string" || value.trim() === "") return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** The record's time in seconds with fractions; undefined where it has none that can be read. */
export const tsOf = (record: unknown): number | undefined => {
  const ts = numberOf(within(record, "ts"))
  return ts !== undefined && ts > 0 ? ts : undefined
}

/** The box that a record comes from: some replies have `gid`, others only `box`. */
export const gidOf = (record: RawRecord): string =>
  textOf(record.gid) || textOf(within(record.box, "id")) || textOf(within(record.box, "gid"))

/** A scalar as text, empty where there is none; anything else as canonical JSON. */
export const textOf = (value: unknown): string => {
  if (typeof value === "string") return value
  if (value === undefined || value === null) return ""
  return typeof value === "object" ? canonicalJson(value) : String(value)
}

/** A device's id, which comes with and without `mac:`. Other prefixes (`ovpn:`, `wg_peer:`) say what it is and stay. */
export const deviceIdOf = (value: unknown): string => {
  const text = textOf(value)
  if (text.startsWith("mac:")) return text.slice(4).toUpperCase()
  return text.length === 17 && text[2] === ":" ? text.toUpperCase() : text
}

/** A name that is text in some replies and `{id, name}` in others. */
export const nameOf = (value: unknown): string => textOf(isRecord(value) ? (value.name ?? value.id) : value)

/** Deeper than any record goes; what lies below counts as equal, so that a hostile record cannot exhaust the stack. */
const MAX_DEPTH = 64

/** JSON with sorted keys: equal for equal values, however they were written. */
export const canonicalJson = (value: unknown, depth = 0): string => {
  if (depth > MAX_DEPTH) return '"…"'
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(",")}]`
  if (!isRecord(value)) return JSON.stringify(value) ?? "null"
  const fields = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key], depth + 1)}`)
  return `{${fields.join(",")}}`
}
