/**
 * The searches that Waybill makes, as bodies for `POST <pattern>/_search`. Pure.
 *
 * Everything is a filter (no scores), sources are never loaded, and the range on the time of arrival lets the node
 * skip old indices before it looks at a single id.
 */
import type { API } from "@opensearch-project/opensearch"
import { iso } from "../domain/isoTime.ts"
import type { Slice } from "./Indexer.ts"
import type { NewestQuery } from "./IndexHistory.ts"

type SearchBody = NonNullable<API.Search_Request["body"]>

/** Where a document holds what is searched for. All but `arrival` are keywords. */
export interface SearchFields {
  /** An event's id. */
  readonly id: string
  /** A date: the time of arrival. */
  readonly arrival: string
  /** An event's own time: ISO 8601 in UTC with milliseconds, which as a keyword sorts as it should. */
  readonly eventTime: string
  readonly source: string
  readonly eventType: string
  /** The batch that an event was written in; see `domain/Event.ts`. */
  readonly batch: string
}

/** In the alerts of Wazuh 4. */
export const ALERT_FIELDS: SearchFields = {
  id: "data.event_id",
  arrival: "@timestamp",
  eventTime: "data.event_time",
  source: "data.source",
  eventType: "data.event_type",
  batch: "data.waybill.batch",
}

/**
 * A terms query takes 65,536 terms (`index.max_terms_count`) and an answer 65,535 buckets (`search.max_buckets`); both
 * are the node's defaults.
 */
export const MOST_IDS = 65_535

/** `index.max_result_window`, the most hits of one search. */
export const MOST_HITS = 10_000

/** Each id once, in queries of at most `most`: an id asked for in two queries would be counted twice. */
export const inQueries = (ids: ReadonlyArray<string>, most: number): ReadonlyArray<ReadonlyArray<string>> => {
  const each = [...new Set(ids)]
  const size = Math.max(1, Math.min(most, MOST_IDS))
  return Array.from({ length: Math.ceil(each.length / size) }, (_, n) => each.slice(n * size, (n + 1) * size))
}

const arrivedSince = (field: string, since: number) => ({
  range: { [field]: { gte: since, format: "epoch_millis" } },
})

/** How many documents carry one of these ids. */
export const countSearch = (fields: SearchFields, ids: ReadonlyArray<string>, since: number): SearchBody => ({
  size: 0,
  track_total_hits: true,
  query: { bool: { filter: [{ terms: { [fields.id]: [...ids] } }, arrivedSince(fields.arrival, since)] } },
})

/**
 * A bucket for each value found. `map`, because the other way numbers all values of the index anew after each refresh,
 * the millions that are not asked for too.
 */
const eachOf = (field: string, size: number): Pick<SearchBody, "aggs"> => {
  // Not written in place, because the client's types (3.9.0) forget that a terms aggregation has a field.
  const terms = { field, size, execution_hint: "map" as const }
  return { aggs: { each: { terms } } }
}

/** How many documents each of these ids has. */
export const copiesSearch = (
  fields: SearchFields,
  ids: ReadonlyArray<string>,
  since: number,
): SearchBody => ({ ...countSearch(fields, ids, since), ...eachOf(fields.id, ids.length) })

const inBatches = (fields: SearchFields, batches: ReadonlyArray<string>, since: number) => ({
  size: 0,
  track_total_hits: true,
  query: {
    bool: { filter: [{ terms: { [fields.batch]: [...batches] } }, arrivedSince(fields.arrival, since)] },
  },
})

/** How many documents each of these batches has. */
export const tallySearch = (
  fields: SearchFields,
  batches: ReadonlyArray<string>,
  since: number,
): SearchBody => ({ ...inBatches(fields, batches, since), ...eachOf(fields.batch, batches.length) })

/** The ids of what was written in these batches, a hit each. Nothing stored is read, not even `_id`. */
export const batchesSearch = (
  fields: SearchFields,
  batches: ReadonlyArray<string>,
  since: number,
): SearchBody => ({
  ...inBatches(fields, batches, since),
  size: MOST_HITS,
  sort: ["_doc"],
  stored_fields: "_none_",
  docvalue_fields: [{ field: fields.id }],
})

/** The same for more documents than a search may have hits. */
export const manyInBatchesSearch = (
  fields: SearchFields,
  batches: ReadonlyArray<string>,
  since: number,
): SearchBody => ({ ...inBatches(fields, batches, since), ...eachOf(fields.id, MOST_IDS) })

/** How many events of a kind have their own time in a slice. */
export const betweenSearch = (fields: SearchFields, { eventType, from, to, since }: Slice): SearchBody => ({
  size: 0,
  track_total_hits: true,
  query: {
    bool: {
      filter: [
        { term: { [fields.eventType]: eventType } },
        { range: { [fields.eventTime]: { gte: iso(from), ...(to === undefined ? {} : { lte: iso(to) }) } } },
        arrivedSince(fields.arrival, since),
      ],
    },
  },
})

/** Where they lie. A node tells a hit's shard only when it is asked to explain it. */
export const placesSearch = (
  fields: SearchFields,
  ids: ReadonlyArray<string>,
  since: number,
): SearchBody => ({
  ...countSearch(fields, ids, since),
  size: MOST_HITS,
  explain: true,
  _source: false,
  docvalue_fields: [{ field: fields.id }],
})

/** The one event of a kind with the latest own time. */
export const newestSearch = (fields: SearchFields, query: NewestQuery): SearchBody => ({
  size: 1,
  _source: false,
  // The total is asked for only because a reply without one is taken for a broken reply.
  track_total_hits: 1,
  docvalue_fields: [{ field: fields.id }, { field: fields.eventTime }],
  // `unmapped_type`: an index without a single event of ours must not fail the search.
  sort: [{ [fields.eventTime]: { order: "desc", unmapped_type: "keyword" } }],
  query: {
    bool: {
      filter: [
        { term: { [fields.source]: query.source } },
        { term: { [fields.eventType]: query.eventType } },
        { exists: { field: fields.eventTime } },
        { exists: { field: fields.id } },
        ...(query.since === undefined ? [] : [arrivedSince(fields.arrival, query.since)]),
      ],
    },
  },
})

/** All that a reply needs to hold; the rest is cut off on the node. */
export const REPLY_PARTS = [
  "timed_out",
  "terminated_early",
  "_clusters",
  "_shards.total",
  "_shards.successful",
  "_shards.failed",
  "_shards.failures.reason.type",
  "_shards.failures.reason.reason",
  "hits.total",
  "hits.hits._index",
  "hits.hits._shard",
  "hits.hits.fields",
  "aggregations.each.buckets.key",
  "aggregations.each.buckets.doc_count",
  "aggregations.each.sum_other_doc_count",
]
