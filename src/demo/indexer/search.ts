/** Answers a search or a count as OpenSearch does, over the documents that are visible at that instant. */
import { Predicate } from "effect"
import type { DocumentStore } from "./DocumentStore.ts"
import { KEYWORDS, valueAt } from "./document.ts"
import { compile, fieldOf, QueryRefused } from "./query.ts"
import { sorted, sortKeys } from "./sorting.ts"

type Tree = { readonly [key: PropertyKey]: unknown }

export const SHARDS_OK = { total: 3, successful: 3, skipped: 0, failed: 0 }
/** Where no index matches, no shard is asked. */
const NO_SHARDS = { total: 0, successful: 0, skipped: 0, failed: 0 }

/** search.max_buckets */
const MAX_BUCKETS = 65_535
/** index.max_result_window */
const MAX_WINDOW = 10_000

const numberAt = (body: Tree, key: string, otherwise: number): number => {
  const value = body[key]
  return typeof value === "number" ? value : otherwise
}

/** Rows in the indices that match and are visible at `now`. */
const visibleRows = (
  store: DocumentStore,
  indices: ReadonlySet<number>,
  query: unknown,
  now: number,
): ReadonlyArray<number> => {
  const { columns } = store
  const { matches, candidates } = compile(store, query, now)
  const isHit = (row: number) =>
    (columns.visibleAt[row] ?? Infinity) <= now && indices.has(columns.index[row] ?? -1) && matches(row)
  if (candidates !== undefined) return candidates.filter(isHit)
  const rows: Array<number> = []
  for (let row = 0; row < store.size(); row++) if (isHit(row)) rows.push(row)
  return rows
}

const isDateField = (field: string) => field === "@timestamp" || field === "timestamp"

const termsAggregation = (store: DocumentStore, rows: ReadonlyArray<number>, of: Tree) => {
  const field = typeof of.field === "string" ? of.field : ""
  const size = numberAt(of, "size", 10)
  const least = numberAt(of, "min_doc_count", 1)
  const read = fieldOf(store, field)
  const counts = new Map<string | number, number>()
  for (const row of rows) {
    const key = read(row)
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const all = [...counts].filter(([, count]) => count >= least)
  all.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : a > b ? 1 : 0))
  const shown = all.slice(0, size)
  if (shown.length > MAX_BUCKETS) {
    throw new QueryRefused({
      type: "too_many_buckets_exception",
      reason: `Trying to create too many buckets. Must be less than or equal to: [${MAX_BUCKETS}].`,
    })
  }
  return {
    doc_count_error_upper_bound: 0,
    sum_other_doc_count: all.slice(size).reduce((sum, [, count]) => sum + count, 0),
    buckets: shown.map(([key, count]) => ({ key, doc_count: count })),
  }
}

const extreme = (store: DocumentStore, rows: ReadonlyArray<number>, of: Tree, kind: "max" | "min") => {
  const field = typeof of.field === "string" ? of.field : ""
  const read = fieldOf(store, field)
  let value: number | null = null
  for (const row of rows) {
    const here = Number(read(row))
    if (Number.isNaN(here)) continue
    if (value === null || (kind === "max" ? here > value : here < value)) value = here
  }
  const text = value !== null && isDateField(field) ? { value_as_string: new Date(value).toISOString() } : {}
  return { value, ...text }
}

const aggregate = (store: DocumentStore, rows: ReadonlyArray<number>, aggs: Tree) =>
  Object.fromEntries(
    Object.entries(aggs).map(([name, aggregation]) => {
      if (Predicate.isReadonlyObject(aggregation)) {
        const { terms, max, min, cardinality, value_count: values } = aggregation
        if (Predicate.isReadonlyObject(terms)) return [name, termsAggregation(store, rows, terms)]
        if (Predicate.isReadonlyObject(max)) return [name, extreme(store, rows, max, "max")]
        if (Predicate.isReadonlyObject(min)) return [name, extreme(store, rows, min, "min")]
        const counted = Predicate.isReadonlyObject(cardinality) ? cardinality : values
        if (Predicate.isReadonlyObject(counted)) {
          const read = fieldOf(store, String(counted.field))
          const found = rows.map(read).filter((value) => value !== undefined)
          return [name, { value: counted === cardinality ? new Set(found).size : found.length }]
        }
      }
      throw new QueryRefused({
        type: "parsing_exception",
        reason: `the simulated indexer does not know the aggregation [${name}]`,
      })
    }),
  )

/** The document as far as it is kept, nested as it was. */
const sourceOf = (store: DocumentStore, row: number): unknown => {
  const { columns } = store
  const whole = columns.source[row]
  if (whole !== undefined) return whole
  const [type, source, batch, attempt, rule, location] = KEYWORDS.map((_, i) => store.keyword(row, i))
  const time = columns.eventTime[row] ?? Number.NaN
  return {
    "@timestamp": new Date(columns.arrived[row] ?? 0).toISOString(),
    rule: { id: rule },
    location,
    data: {
      event_id: columns.eventId[row],
      ...(Number.isNaN(time) ? {} : { event_time: new Date(time).toISOString() }),
      event_type: type,
      source,
      ...(batch === "" ? {} : { waybill: { batch, attempt } }),
    },
  }
}

/** `_source` filtering by a list of paths, as far as a search for a few fields needs it. */
const filtered = (source: unknown, wanted: unknown): unknown => {
  const paths = Predicate.isReadonlyObject(wanted) ? wanted.includes : wanted
  if (paths === undefined || paths === true) return source
  // Without a prototype: a path may have a step `__proto__`.
  const out: Record<string, unknown> = Object.create(null)
  for (const path of (Array.isArray(paths) ? paths : [paths]).map(String)) {
    const steps = path.split(".")
    const value = valueAt(source, steps)
    if (value === undefined) continue
    let level = out
    for (const step of steps.slice(0, -1)) {
      const below = level[step]
      const next: Record<string, unknown> = Object.assign(
        Object.create(null),
        Predicate.isReadonlyObject(below) ? below : undefined,
      )
      level[step] = next
      level = next
    }
    level[steps.at(-1) ?? path] = value
  }
  return out
}

/** `docvalue_fields`: each value as a list, dates in ISO 8601. */
const docValues = (store: DocumentStore, row: number, asked: ReadonlyArray<unknown>) => {
  const fields = asked.flatMap((part) => {
    const field = Predicate.isReadonlyObject(part) ? String(part.field) : String(part)
    const value = fieldOf(store, field)(row)
    if (value === undefined) return []
    return [[field, [typeof value === "number" ? new Date(value).toISOString() : value]] as const]
  })
  return fields.length === 0 ? {} : { fields: Object.fromEntries(fields) }
}

const totalOf = (found: number, track: unknown) => {
  if (track === false) return {}
  const most = track === true ? Infinity : typeof track === "number" ? track : MAX_WINDOW
  return { total: { value: Math.min(found, most), relation: found > most ? "gte" : "eq" } }
}

/** @throws QueryRefused for what this simulator does not know */
export const search = (
  store: DocumentStore,
  indices: ReadonlySet<number>,
  body: Tree,
  now: number,
): unknown => {
  const rows = visibleRows(store, indices, body.query, now)
  const size = numberAt(body, "size", 10)
  const from = numberAt(body, "from", 0)
  if (from + size > MAX_WINDOW) {
    throw new QueryRefused({
      type: "illegal_argument_exception",
      reason: `Result window is too large, from + size must be less than or equal to: [${MAX_WINDOW}]`,
    })
  }
  const keys = sortKeys(store, body.sort)
  const shown = size === 0 ? [] : sorted(rows, keys, body.search_after).slice(from, from + size)
  const hits = shown.map((row) => ({
    _index: store.indices[store.columns.index[row] ?? 0],
    _id: `simulated-${row}`,
    ...(body.explain === true
      ? {
          _shard: `[${store.indices[store.columns.index[row] ?? 0]}][${store.shardOf(row)}]`,
          _node: "simulated",
        }
      : {}),
    _score: keys.length > 0 ? null : 0,
    ...(body._source === false ? {} : { _source: filtered(sourceOf(store, row), body._source) }),
    ...(Array.isArray(body.docvalue_fields) ? docValues(store, row, body.docvalue_fields) : {}),
    ...(keys.length > 0 ? { sort: keys.map((key) => key.read(row) ?? null) } : {}),
  }))
  const aggs = body.aggs ?? body.aggregations
  return {
    took: 1,
    timed_out: false,
    _shards: indices.size === 0 ? NO_SHARDS : SHARDS_OK,
    hits: { ...totalOf(rows.length, body.track_total_hits), max_score: null, hits },
    ...(Predicate.isReadonlyObject(aggs) ? { aggregations: aggregate(store, rows, aggs) } : {}),
  }
}

/** @throws QueryRefused for what this simulator does not know */
export const count = (
  store: DocumentStore,
  indices: ReadonlySet<number>,
  body: Tree,
  now: number,
): unknown => ({
  count: visibleRows(store, indices, body.query, now).length,
  _shards: SHARDS_OK,
})
