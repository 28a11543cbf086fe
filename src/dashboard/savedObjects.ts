/**
 * Saved objects of OpenSearch Dashboards 2.x, as an export has them: JSON texts inside JSON, references by name. Pure.
 *
 * Queries are in Lucene's language, which the indexer reads itself: so a test can ask a real one exactly what a panel
 * asks. The index pattern is Wazuh's own object and is only referred to.
 */
export const INDEX_PATTERN = "wazuh-alerts-*"

export interface SavedObject {
  readonly id: string
  readonly type: "visualization" | "search" | "dashboard"
  readonly attributes: Readonly<Record<string, unknown>>
  readonly references: ReadonlyArray<{ readonly name: string; readonly type: string; readonly id: string }>
  readonly migrationVersion: Readonly<Record<string, string>>
}

const INDEX_REFERENCE = "kibanaSavedObjectMeta.searchSourceJSON.index"

const sourceOf = (query: string, more: object = {}) => ({
  searchSourceJSON: JSON.stringify({
    query: { language: "lucene", query },
    filter: [],
    ...more,
  }),
})

export interface Aggregation {
  readonly type: "count" | "sum" | "avg" | "max" | "cardinality" | "date_histogram" | "terms"
  readonly schema: "metric" | "segment" | "group" | "bucket"
  readonly params: Readonly<Record<string, unknown>>
}

export const metric = (
  type: "count" | "sum" | "avg" | "max",
  label: string,
  field?: string,
): Aggregation => ({
  type,
  schema: "metric",
  params: { ...(field === undefined ? {} : { field }), customLabel: label },
})

export const overTime: Aggregation = {
  type: "date_histogram",
  schema: "segment",
  params: {
    field: "@timestamp",
    useNormalizedOpenSearchInterval: true,
    interval: "auto",
    drop_partials: false,
    min_doc_count: 1,
    extended_bounds: {},
  },
}

/** The `size` most frequent values, or those with the most of the metric in place `by`, from 1. */
export const top = (
  schema: "segment" | "group" | "bucket",
  field: string,
  label: string,
  size: number,
  by = 1,
): Aggregation => ({
  type: "terms",
  schema,
  params: {
    field,
    orderBy: String(by),
    order: "desc",
    size,
    otherBucket: false,
    otherBucketLabel: "Other",
    missingBucket: false,
    missingBucketLabel: "Missing",
    customLabel: label,
  },
})

/** A chart that asks the indexer by itself: index pattern and query stand in its `params`. */
export const ownQuery = (id: string, title: string, description: string, params: object): SavedObject => ({
  id: `waybill-${id}`,
  type: "visualization",
  attributes: {
    title: `Waybill: ${title}`,
    description,
    version: 1,
    uiStateJSON: "{}",
    visState: JSON.stringify({ title: `Waybill: ${title}`, type: "metrics", params, aggs: [] }),
    kibanaSavedObjectMeta: sourceOf(""),
  },
  references: [],
  migrationVersion: { visualization: "7.10.0" },
})

export interface Panel {
  readonly id: string
  readonly title: string
  readonly description: string
  /** In Lucene's language. */
  readonly query: string
  readonly type: string
  readonly params: object
  readonly aggregations: ReadonlyArray<Aggregation>
}

export const visualization = ({
  id,
  title,
  description,
  query,
  type,
  params,
  aggregations,
}: Panel): SavedObject => ({
  id: `waybill-${id}`,
  type: "visualization",
  attributes: {
    title: `Waybill: ${title}`,
    description,
    version: 1,
    uiStateJSON: "{}",
    visState: JSON.stringify({
      title: `Waybill: ${title}`,
      type,
      params,
      aggs: aggregations.map((aggregation, n) => ({ id: String(n + 1), enabled: true, ...aggregation })),
    }),
    kibanaSavedObjectMeta: sourceOf(query, { indexRefName: INDEX_REFERENCE }),
  },
  references: [{ name: INDEX_REFERENCE, type: "index-pattern", id: INDEX_PATTERN }],
  migrationVersion: { visualization: "7.10.0" },
})

export const search = (
  id: string,
  title: string,
  description: string,
  query: string,
  columns: ReadonlyArray<string>,
): SavedObject => ({
  id: `waybill-${id}`,
  type: "search",
  attributes: {
    title: `Waybill: ${title}`,
    description,
    hits: 0,
    columns,
    sort: [["@timestamp", "desc"]],
    version: 1,
    kibanaSavedObjectMeta: sourceOf(query, { version: true, indexRefName: INDEX_REFERENCE }),
  },
  references: [{ name: INDEX_REFERENCE, type: "index-pattern", id: INDEX_PATTERN }],
  migrationVersion: { search: "7.9.3" },
})

/** On a grid of 48 columns, row by row: each panel as wide as it is told, the height of a row given with it. */
export const dashboard = (
  id: string,
  title: string,
  description: string,
  rows: ReadonlyArray<{ readonly height: number; readonly panels: ReadonlyArray<SavedObject> }>,
): SavedObject => {
  let y = 0
  const placed = rows.flatMap(({ height, panels }) => {
    const w = Math.floor(48 / panels.length)
    const row = panels.map((panel, n) => ({ panel, grid: { x: n * w, y, w, h: height } }))
    y += height
    return row
  })
  return {
    id,
    type: "dashboard",
    attributes: {
      title,
      description,
      hits: 0,
      version: 1,
      timeRestore: true,
      timeFrom: "now-24h",
      timeTo: "now",
      refreshInterval: { pause: true, value: 0 },
      optionsJSON: JSON.stringify({ hidePanelTitles: false, useMargins: true }),
      panelsJSON: JSON.stringify(
        placed.map(({ grid }, n) => ({
          version: "2.19.0",
          panelIndex: String(n + 1),
          gridData: { ...grid, i: String(n + 1) },
          embeddableConfig: {},
          panelRefName: `panel_${n}`,
        })),
      ),
      kibanaSavedObjectMeta: sourceOf(""),
    },
    references: placed.map(({ panel }, n) => ({ name: `panel_${n}`, type: panel.type, id: panel.id })),
    migrationVersion: { dashboard: "7.9.3" },
  }
}

/** One object a line, the dashboard last; the form that Dashboards exports and imports. */
export const ndjson = (objects: ReadonlyArray<SavedObject>): string =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join("")
