/**
 * The part of OpenSearch's query DSL that the simulated indexer understands: bool, terms, term, range, exists,
 * match_all. Anything else is refused by name, because a simulator that ignores a clause would prove nothing.
 */
import { Data, Predicate } from "effect"
import type { DocumentStore } from "./DocumentStore.ts"
import { KEYWORDS, valueAt } from "./document.ts"

/** Becomes a 400 with an OpenSearch error body. */
export class QueryRefused extends Data.TaggedError("QueryRefused")<{
  readonly type: string
  readonly reason: string
}> {}

const KEYWORD_PLACES: ReadonlyMap<string, number> = new Map(KEYWORDS.map((name, place) => [name, place]))

type Tree = { readonly [key: PropertyKey]: unknown }
type Matches = (row: number) => boolean

export interface Compiled {
  readonly matches: Matches
  /** The only rows that can match, when an id or a batch says so; all of them otherwise. */
  readonly candidates: ReadonlyArray<number> | undefined
}

/** index.max_terms_count */
const MAX_TERMS = 65_536

const refuse = (reason: string, type = "parsing_exception"): never => {
  throw new QueryRefused({ type, reason })
}

/** How to read one field of a row, as text or number, e.g. for `terms`, sorting and aggregations. */
export const fieldOf = (
  store: DocumentStore,
  field: string,
): ((row: number) => string | number | undefined) => {
  const { columns } = store
  const number = (column: ReadonlyArray<number>) => (row: number) => {
    const value = column[row]
    return value === undefined || Number.isNaN(value) ? undefined : value
  }
  if (field === "@timestamp" || field === "timestamp") return number(columns.arrived)
  if (field === "data.event_time") return number(columns.eventTime)
  if (field === "data.event_id") return (row) => columns.eventId[row] || undefined
  if (field === "_doc") return (row) => row
  const keyword = KEYWORD_PLACES.get(field)
  if (keyword !== undefined) return (row) => store.keyword(row, keyword) || undefined
  if (columns.source.length > 0 || store.size() === 0) {
    const path = field.split(".")
    return (row) => {
      const value = valueAt(columns.source[row], path)
      return typeof value === "string" || typeof value === "number" ? value : undefined
    }
  }
  return refuse(`the simulated indexer keeps no field [${field}] (only with keepDocuments)`)
}

const isDate = (field: string) =>
  field === "@timestamp" || field === "timestamp" || field === "data.event_time"

const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 }

/** Epoch milliseconds of a bound: a number, ISO 8601, or `now` less a duration. */
const moment = (value: unknown, now: number): number => {
  if (typeof value === "number") return value
  if (typeof value !== "string") return refuse("failed to parse date field")
  const math = /^now(?:([+-])(\d+)([smhd]))?$/.exec(value)
  if (math !== null) {
    const shift = Number(math[2] ?? 0) * (UNITS[math[3] ?? "s"] ?? 0)
    return math[1] === "-" ? now - shift : now + shift
  }
  const parsed = /^\d+$/.test(value) ? Number(value) : Date.parse(value)
  return Number.isNaN(parsed) ? refuse(`failed to parse date field [${value}]`) : parsed
}

const single = (clause: unknown, name: string): readonly [string, unknown] => {
  if (!Predicate.isReadonlyObject(clause)) return refuse(`[${name}] malformed query`)
  const entries = Object.entries(clause).filter(([key]) => key !== "boost" && key !== "_name")
  return entries[0] ?? refuse(`[${name}] query malformed, empty clause found`)
}

/** The order of a keyword is that of its text. */
const keywordRange = (
  of: (row: number) => string | number | undefined,
  { gt, gte, lt, lte }: Tree,
): Compiled => ({
  candidates: undefined,
  matches: (row) => {
    const value = of(row)
    return (
      typeof value === "string" &&
      (gte === undefined || value >= String(gte)) &&
      (gt === undefined || value > String(gt)) &&
      (lte === undefined || value <= String(lte)) &&
      (lt === undefined || value < String(lt))
    )
  },
})

const range = (store: DocumentStore, clause: unknown, now: number): Compiled => {
  const [field, bounds] = single(clause, "range")
  if (!Predicate.isReadonlyObject(bounds)) return refuse("[range] query malformed")
  const of = fieldOf(store, field)
  const texts = ["gte", "gt", "lte", "lt"].filter((key) => typeof bounds[key] === "string")
  if (texts.length > 0 && !isDate(field)) return keywordRange(of, bounds)
  const bound = (key: string, otherwise: number) =>
    bounds[key] === undefined ? otherwise : isDate(field) ? moment(bounds[key], now) : Number(bounds[key])
  const [gte, gt] = [bound("gte", -Infinity), bound("gt", -Infinity)]
  const [lte, lt] = [bound("lte", Infinity), bound("lt", Infinity)]
  return {
    candidates: undefined,
    matches: (row) => {
      const value = Number(of(row))
      return (
        value >= gte && value <= lte && (value > gt || gt === -Infinity) && (value < lt || lt === Infinity)
      )
    },
  }
}

/** Fields whose values lead straight to their rows. */
const ROWS_OF: Readonly<Record<string, "rowsOf" | "rowsOfBatch">> = {
  "data.event_id": "rowsOf",
  "data.waybill.batch": "rowsOfBatch",
}

const terms = (store: DocumentStore, field: string, values: ReadonlyArray<unknown>): Compiled => {
  if (values.length > MAX_TERMS) {
    refuse(
      `The number of terms [${values.length}] used in the Terms Query request has exceeded the allowed maximum of [${MAX_TERMS}].`,
      "illegal_argument_exception",
    )
  }
  const wanted = new Set(values.map(String))
  const of = fieldOf(store, field)
  const matches = (row: number) => wanted.has(String(of(row)))
  const rowsOf = ROWS_OF[field]
  if (rowsOf === undefined) return { matches, candidates: undefined }
  const candidates: Array<number> = []
  for (const value of wanted) for (const row of store[rowsOf](value)) candidates.push(row)
  return { matches, candidates }
}

const list = (clause: unknown): ReadonlyArray<unknown> =>
  clause === undefined ? [] : Array.isArray(clause) ? clause : [clause]

const bool = (store: DocumentStore, clause: Tree, now: number): Compiled => {
  const all = [...list(clause.filter), ...list(clause.must)].map((part) => compile(store, part, now))
  const none = list(clause.must_not).map((part) => compile(store, part, now))
  const some = list(clause.should).map((part) => compile(store, part, now))
  const unknown = Object.keys(clause).find(
    (key) => !["filter", "must", "must_not", "should", "minimum_should_match", "boost"].includes(key),
  )
  if (unknown !== undefined) refuse(`[bool] query does not support [${unknown}]`)
  const needsSome = some.length > 0 && (all.length === 0 || clause.minimum_should_match !== undefined)
  return {
    candidates: all.find((part) => part.candidates !== undefined)?.candidates,
    matches: (row) =>
      all.every((part) => part.matches(row)) &&
      !none.some((part) => part.matches(row)) &&
      (!needsSome || some.some((part) => part.matches(row))),
  }
}

/** @throws QueryRefused for what this simulator does not know */
export const compile = (store: DocumentStore, query: unknown, now: number): Compiled => {
  if (query === undefined) return { matches: () => true, candidates: undefined }
  const [name, clause] = single(query, "query")
  switch (name) {
    case "match_all":
      return { matches: () => true, candidates: undefined }
    case "bool":
      return Predicate.isReadonlyObject(clause) ? bool(store, clause, now) : refuse("[bool] query malformed")
    case "terms": {
      const [field, values] = single(clause, "terms")
      return Array.isArray(values) ? terms(store, field, values) : refuse("[terms] query requires an array")
    }
    case "term": {
      const [field, value] = single(clause, "term")
      return terms(store, field, [Predicate.isReadonlyObject(value) ? value.value : value])
    }
    case "exists": {
      const [, field] = single(clause, "exists")
      const of = fieldOf(store, String(field))
      return { matches: (row) => of(row) !== undefined, candidates: undefined }
    }
    case "range":
      return range(store, clause, now)
    default:
      return refuse(`unknown query [${name}]`)
  }
}
