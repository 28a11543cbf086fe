/**
 * What Dashboards asks the indexer for a saved object: the aggregations of a visualization, the averages of a chart of
 * differences, the documents of a search. Strict: a kind of panel that this does not know is an error.
 */
import { Schema } from "effect"

const Text = Schema.String
const Json = <S extends Schema.Constraint>(schema: S) => Schema.fromJsonString(schema)

const Source = Json(
  Schema.Struct({
    query: Schema.Struct({ language: Schema.Literal("lucene"), query: Text }),
    filter: Schema.Tuple([]),
    indexRefName: Schema.optionalKey(Text),
  }),
)
const Meta = Schema.Struct({ searchSourceJSON: Source })
const Reference = Schema.Struct({ name: Text, type: Text, id: Text })
const common = { id: Text, references: Schema.Array(Reference) }

const Aggregation = Schema.Struct({
  id: Text,
  type: Text,
  schema: Text,
  params: Schema.Struct({
    field: Schema.optionalKey(Text),
    size: Schema.optionalKey(Schema.Number),
    orderBy: Schema.optionalKey(Text),
    order: Schema.optionalKey(Text),
  }),
})

const Metric = Schema.Union([
  Schema.Struct({ id: Text, type: Schema.Literal("avg"), field: Text }),
  Schema.Struct({
    id: Text,
    type: Schema.Literal("math"),
    script: Schema.Literal("params.to - params.from"),
    variables: Schema.Array(Schema.Struct({ name: Text, field: Text })),
  }),
])

const Visualization = Schema.Struct({
  ...common,
  type: Schema.Literal("visualization"),
  attributes: Schema.Struct({
    title: Text,
    visState: Json(
      Schema.Struct({
        type: Text,
        params: Schema.Struct({
          time_field: Schema.optionalKey(Text),
          filter: Schema.optionalKey(Schema.Struct({ language: Schema.Literal("lucene"), query: Text })),
          series: Schema.optionalKey(Schema.Array(Schema.Struct({ metrics: Schema.Array(Metric) }))),
        }),
        aggs: Schema.Array(Aggregation),
      }),
    ),
    kibanaSavedObjectMeta: Meta,
  }),
})

const Search = Schema.Struct({
  ...common,
  type: Schema.Literal("search"),
  attributes: Schema.Struct({ title: Text, columns: Schema.Array(Text), kibanaSavedObjectMeta: Meta }),
})

const Dashboard = Schema.Struct({
  ...common,
  type: Schema.Literal("dashboard"),
  attributes: Schema.Struct({
    title: Text,
    panelsJSON: Json(
      Schema.Array(
        Schema.Struct({
          panelRefName: Text,
          gridData: Schema.Struct({ x: Schema.Number, y: Schema.Number, w: Schema.Number, h: Schema.Number }),
        }),
      ),
    ),
  }),
})

const SavedObject = Schema.Union([Visualization, Search, Dashboard])
export type SavedObject = typeof SavedObject.Type

export const readObjects = (ndjson: string): ReadonlyArray<SavedObject> =>
  ndjson
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Schema.decodeUnknownSync(SavedObject)(JSON.parse(line)))

export interface PanelRequest {
  readonly title: string
  /** The body of a `_search`. */
  readonly body: object
}

const queryOf = (query: string): object => ({ query_string: { query, analyze_wildcard: true } })

type Agg = typeof Aggregation.Type

/** Buckets nest in their order; the metrics stand in every one of them, where they may order it. */
const aggregationsOf = (all: ReadonlyArray<Agg>): object => {
  const metrics = all.filter(({ schema, type }) => schema === "metric" && type !== "count")
  const asked = Object.fromEntries(
    metrics.map(({ id, type, params }) => [id, { [type]: { field: params.field } }]),
  )
  const bucketOf = ({ type, params }: Agg): object => {
    if (type === "date_histogram") return { date_histogram: { field: params.field, fixed_interval: "30m" } }
    if (type !== "terms") throw new Error(`a bucket of type ${type} is not known`)
    const by = metrics.some(({ id }) => id === params.orderBy) ? (params.orderBy ?? "") : "_count"
    return { terms: { field: params.field, size: params.size, order: { [by]: params.order } } }
  }
  return all
    .filter(({ schema }) => schema !== "metric")
    .reduceRight<object>((inner, agg) => ({ ...asked, [agg.id]: { ...bucketOf(agg), aggs: inner } }), asked)
}

/** What it asks; of a dashboard nothing. */
export const requestOf = (object: SavedObject): PanelRequest | undefined => {
  if (object.type === "dashboard") return undefined
  const { title, kibanaSavedObjectMeta } = object.attributes
  const { query } = kibanaSavedObjectMeta.searchSourceJSON.query
  if (object.type === "search")
    return {
      title,
      body: { query: queryOf(query), sort: [{ "@timestamp": "desc" }], fields: object.attributes.columns },
    }
  const { type, params, aggs } = object.attributes.visState
  if (type !== "metrics")
    return { title, body: { size: 0, query: queryOf(query), aggs: aggregationsOf(aggs) } }
  const averages = (params.series ?? []).flatMap(({ metrics }) =>
    metrics.flatMap((metric) =>
      metric.type === "avg" ? [[metric.id, { avg: { field: metric.field } }]] : [],
    ),
  )
  return {
    title,
    body: {
      size: 0,
      query: queryOf(params.filter?.query ?? "*"),
      aggs: {
        time: {
          date_histogram: { field: params.time_field, fixed_interval: "30m" },
          aggs: Object.fromEntries(averages),
        },
      },
    },
  }
}
