/**
 * How single values of a Firewalla record become text. Each answers `undefined` for what it can't read.
 *
 * Fields that a dashboard calculates with (`quantity`, `port`) are strictly numeric: under a numeric mapping one text
 * among them would cost the whole event. What they refuse is kept in `firewalla.extra`.
 */

/** A number without exponent and with at most six decimals, which takes away the noise of 12.619999885559082. */
export const plainNumber = (value: number): string => {
  if (Number.isInteger(value)) {
    return Number.isSafeInteger(value) ? String(value === 0 ? 0 : value) : BigInt(value).toString()
  }
  const fixed = value.toFixed(6).replace(/\.?0+$/, "")
  return fixed === "-0" ? "0" : fixed
}

const NUMERIC = /^-?\d{1,20}(?:\.\d{1,20})?$/

/** A number, or a string that is one in plain decimals. */
const numeric = (value: unknown): number | undefined => {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined
  return typeof value === "string" && NUMERIC.test(value) ? Number(value) : undefined
}

/** A text that isn't empty; numbers and booleans are written out. */
export const text = (value: unknown): string | undefined => {
  switch (typeof value) {
    case "string":
      return value === "" ? undefined : value
    case "number":
      return Number.isFinite(value) ? plainNumber(value) : undefined
    case "boolean":
      return value ? "true" : "false"
    default:
      return undefined
  }
}

/** A count, a size or a coordinate, as a plain decimal that a `long` or a `double` can hold exactly. */
export const quantity = (value: unknown): string | undefined => {
  const number = numeric(value)
  return number !== undefined && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? plainNumber(number) : undefined
}

/** A port, 0 to 65535. */
export const port = (value: unknown): string | undefined => {
  const number = numeric(value)
  return number !== undefined && Number.isInteger(number) && number >= 0 && number <= 65_535
    ? plainNumber(number)
    : undefined
}

/** One port or an array of them. An array with anything else in it is not read at all. */
export const ports = (value: unknown): ReadonlyArray<string> | undefined => {
  if (!Array.isArray(value)) {
    const single = port(value)
    return single === undefined ? undefined : [single]
  }
  const all: Array<string> = []
  for (const item of value) {
    const one = port(item)
    if (one === undefined) return undefined
    all.push(one)
  }
  return all
}

/** The last second that a four-digit year can say; milliseconds taken for seconds lie far beyond it. */
export const LAST_SECOND = 253_402_300_799

/** Seconds since 1970 with fractions, as a number or numeric string; answers epoch milliseconds. */
export const seconds = (value: unknown): number | undefined => {
  const number = numeric(value)
  return number !== undefined && number >= 0 && number <= LAST_SECOND ? Math.round(number * 1000) : undefined
}

export const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** ISO 8601 in UTC with milliseconds, as Waybill writes its own times; answers epoch milliseconds. */
export const instant = (value: unknown): number | undefined => {
  if (typeof value !== "string" || !INSTANT.test(value)) return undefined
  const millis = Date.parse(value)
  return Number.isNaN(millis) ? undefined : millis
}
