/**
 * What analysisd makes of an event's JSON, as it was measured on the real one (release 4.14.7,
 * src/analysisd/decoders/plugins/json_decoder.c and src/analysisd/format/to_json.c).
 *
 * Known to differ: of two keys that are equal in every letter the real one keeps the first, this one the last.
 */
import { Predicate } from "effect"

export interface Decoded {
  [key: string]: string | ReadonlyArray<unknown> | Decoded
}

/** Config.decoder_order_size: leaves beyond it are dropped. */
export const MAX_FIELDS = 256

const INT32_MAX = 2_147_483_647
const INT32_MIN = -2_147_483_648

/** `%d` within int32, else `%f` with its six digits. */
export const renderNumber = (value: number): string => {
  if (Number.isInteger(value)) {
    if (value <= INT32_MAX && value >= INT32_MIN) return String(value)
    // toFixed turns to exponents from 1e21 on; C does not.
    return `${Math.abs(value) < 1e21 ? value.toFixed(0) : BigInt(value)}.000000`
  }
  return value.toFixed(6)
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const renderString = (value: string): string | ReadonlyArray<unknown> => {
  if (!value.startsWith("[")) return value
  const array = parse(value)
  return Array.isArray(array) ? array : value
}

/** Only escapes can bring a lone surrogate in: bytes that are no UTF-8 have been replaced on receiving. */
const hasLoneSurrogate = (text: string): boolean =>
  /\\u[dD][89a-fA-F]/.test(text) && /\p{Surrogate}/u.test(text.replaceAll(/\\u([\da-fA-F]{4})/g, unescape))

const unescape = (_escape: string, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))

const isNested = (value: string | ReadonlyArray<unknown> | Decoded | undefined): value is Decoded =>
  typeof value === "object" && !Array.isArray(value)

/** Without a prototype: a key may be `__proto__`, and then the value would change every object of this process. */
const emptyObject = (): Decoded => Object.create(null)

/** Puts a value at a dotted path; a path that runs into a value that is already there is dropped. */
const put = (target: Decoded, path: ReadonlyArray<string>, value: string | ReadonlyArray<unknown>): void => {
  let level = target
  for (const step of path.slice(0, -1)) {
    const below = level[step]
    if (below === undefined) {
      const made = emptyObject()
      level[step] = made
      level = made
    } else if (isNested(below)) level = below
    else return
  }
  const last = path.at(-1)
  if (last !== undefined && level[last] === undefined) level[last] = value
}

/**
 * The `data` of the alert, or `undefined` when the real decoder would find nothing: leading space, pretty-printed,
 * `{}`, arrays at the top, NaN, lone surrogate escapes, anything cut short.
 */
export const decodeJson = (text: string): Decoded | undefined => {
  if (!text.startsWith('{"') || /[\n\r]/.test(text) || hasLoneSurrogate(text)) return undefined
  const parsed = parse(text)
  if (!Predicate.isReadonlyObject(parsed)) return undefined

  const data = emptyObject()
  let leaves = 0
  const walk = (object: { readonly [key: PropertyKey]: unknown }, path: ReadonlyArray<string>): void => {
    const seen = new Set<string>()
    for (const key of Object.keys(object)) {
      const folded = key.toLowerCase()
      if (seen.has(folded)) continue
      seen.add(folded)
      const value = object[key]
      const here = key.includes(".") ? [...path, ...key.split(".")] : [...path, key]
      if (Predicate.isReadonlyObject(value)) {
        walk(value, here)
        continue
      }
      if (value === "" || leaves >= MAX_FIELDS) continue
      leaves += 1
      if (typeof value === "string") put(data, here, renderString(value))
      else if (typeof value === "number") put(data, here, renderNumber(value))
      else if (Array.isArray(value)) put(data, here, value)
      else put(data, here, String(value))
    }
  }
  walk(parsed, [])
  return data
}
