/**
 * Any JSON object → fields of one level, each a text or a list of texts.
 *
 * A sender may write an object today where it wrote a text yesterday. As fields that nest, the two contradict each other
 * in the index, and one such contradiction costs the whole event. Side by side they can't: levels are joined by `_`, and
 * every path is a text for ever. What has no place (a name that is taken or too long, more fields than analysisd keeps)
 * is handed back beside them, so that nothing vanishes.
 */
import { canonical } from "../firewalla/parts.ts"
import type { Value } from "../Normalizer.ts"

/** Longer names help nobody and make the mapping of the index grow. */
const MAX_KEY = 200

/** Letters, digits, `_` and `-`; whatever else a name has would nest or could not be searched for. */
export const safeKey = (key: string): string => {
  const safe = key.replaceAll(/[^A-Za-z0-9_-]/g, "_")
  return safe === "" ? "_" : safe
}

export interface Flat {
  readonly fields: Readonly<Record<string, Value>>
  /** What had no place, by its path; empty where everything had. */
  readonly rest: ReadonlyMap<string, unknown>
}

type JsonObject = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string | undefined => {
  switch (typeof value) {
    case "string":
      return value === "" ? undefined : value
    case "number":
    case "boolean":
      return String(value)
    default:
      return undefined
  }
}

/** Scalars as texts, lists of scalars as lists of texts, lists of anything else as JSON. */
const leafOf = (value: unknown): Value => {
  if (!Array.isArray(value)) return textOf(value)
  if (value.some((one) => typeof one === "object" && one !== null)) return canonical(value)
  const texts = value.flatMap((one) => textOf(one) ?? [])
  return texts.length > 0 ? texts : undefined
}

/** @param most how many fields there may be; the first in the order of their names have the places */
export const flatten = (object: JsonObject, most: number): Flat => {
  // Without a prototype: a field may be called `__proto__`.
  const fields: Record<string, Value> = Object.create(null)
  const rest = new Map<string, unknown>()
  const taken = new Set<string>()
  const visit = (inside: JsonObject, prefix: string): void => {
    for (const key of Object.keys(inside).sort()) {
      const value = inside[key]
      const path = `${prefix}${safeKey(key)}`
      if (isObject(value)) {
        visit(value, `${path}_`)
        continue
      }
      const leaf = leafOf(value)
      if (leaf === undefined) continue
      // Wazuh's decoder compares keys without regard to case, and drops the second.
      if (path.length > MAX_KEY || taken.has(path.toLowerCase()) || taken.size >= most) {
        rest.set(rest.has(path) ? `${path}_${rest.size}` : path, value)
        continue
      }
      taken.add(path.toLowerCase())
      fields[path] = leaf
    }
  }
  visit(object, "")
  return { fields, rest }
}
