/** The order of hits: `sort` and `search_after`. */
import { Predicate } from "effect"
import type { DocumentStore } from "./DocumentStore.ts"
import { fieldOf } from "./query.ts"

export interface SortKey {
  readonly read: (row: number) => string | number | undefined
  readonly sign: 1 | -1
}

export const sortKeys = (store: DocumentStore, sort: unknown): ReadonlyArray<SortKey> =>
  (Array.isArray(sort) ? sort : sort === undefined ? [] : [sort]).map((part: unknown) => {
    if (typeof part === "string") return { read: fieldOf(store, part), sign: 1 }
    const [field, order] = Predicate.isReadonlyObject(part) ? (Object.entries(part)[0] ?? ["", ""]) : ["", ""]
    const direction = Predicate.isReadonlyObject(order) ? order.order : order
    return { read: fieldOf(store, field), sign: direction === "desc" ? -1 : 1 }
  })

const compareValues = (a: unknown, b: unknown): number => {
  // Documents without the field come last, whatever the order.
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? Infinity : -Infinity
  if (typeof a === "number") return a - Number(b)
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0
}

const signed = (sign: 1 | -1, order: number) => (Number.isFinite(order) ? sign * order : order)

/** @param after the sort values of a row that comes before the first one wanted (`search_after`) */
export const sorted = (
  rows: ReadonlyArray<number>,
  keys: ReadonlyArray<SortKey>,
  after: unknown,
): ReadonlyArray<number> => {
  if (keys.length === 0) return rows
  const order = (a: number, b: number) => {
    for (const key of keys) {
      const step = signed(key.sign, compareValues(key.read(a), key.read(b)))
      if (step !== 0) return step
    }
    return 0
  }
  const inOrder = rows.toSorted(order)
  if (!Array.isArray(after)) return inOrder
  return inOrder.filter((row) => {
    for (const [i, key] of keys.entries()) {
      const step = signed(key.sign, compareValues(key.read(row), after[i]))
      if (step !== 0) return step > 0
    }
    return false
  })
}
