/** The settings of the charts that the panels use, as Dashboards 2.x writes them. */
const AXES = {
  grid: { categoryLines: false },
  addTooltip: true,
  addLegend: true,
  legendPosition: "right",
  times: [],
  addTimeMarker: false,
  labels: { show: false },
  thresholdLine: { show: false, value: 10, width: 1, style: "full", color: "#E7664C" },
  categoryAxes: [
    {
      id: "CategoryAxis-1",
      type: "category",
      position: "bottom",
      show: true,
      style: {},
      scale: { type: "linear" },
      labels: { show: true, filter: true, truncate: 100 },
      title: {},
    },
  ],
}

const valueAxis = (title: string) => ({
  id: "ValueAxis-1",
  name: "LeftAxis-1",
  type: "value",
  position: "left",
  show: true,
  style: {},
  scale: { type: "linear", mode: "normal" },
  labels: { show: true, rotate: 0, filter: false, truncate: 100 },
  title: { text: title },
})

/** Columns on top of each other, or lines; one for each of the metrics, by their place from 1. */
export const timeChart = (
  kind: "histogram" | "line",
  title: string,
  metrics: ReadonlyArray<string>,
): object => ({
  type: kind,
  ...AXES,
  valueAxes: [valueAxis(title)],
  seriesParams: metrics.map((label, n) => ({
    show: true,
    type: kind,
    mode: kind === "histogram" ? "stacked" : "normal",
    data: { label, id: String(n + 1) },
    valueAxis: "ValueAxis-1",
    drawLinesBetweenPoints: true,
    lineWidth: 2,
    showCircles: true,
  })),
})

export const PIE: object = {
  type: "pie",
  addTooltip: true,
  addLegend: true,
  legendPosition: "right",
  isDonut: true,
  labels: { show: false, values: true, last_level: true, truncate: 100 },
}

export const TABLE: object = {
  perPage: 10,
  showPartialRows: false,
  showMetricsAtAllLevels: false,
  showTotal: false,
  totalFunc: "sum",
  percentageCol: "",
}

export interface Difference {
  readonly label: string
  readonly color: string
  /** Date fields. */
  readonly from: string
  readonly to: string
}

/**
 * The average time from one date of a document to another, over time. The average of a difference is the difference of
 * the averages, so no script has to run in the indexer; both fields must be there in every document of the query.
 */
export const delays = (indexPattern: string, query: string, series: ReadonlyArray<Difference>): object => ({
  id: "waybill-delays",
  type: "timeseries",
  time_field: "@timestamp",
  index_pattern: indexPattern,
  interval: "",
  axis_position: "left",
  axis_formatter: "number",
  axis_scale: "normal",
  show_legend: 1,
  show_grid: 1,
  filter: { language: "lucene", query },
  series: series.map(({ label, color, from, to }, n) => ({
    id: `series-${n}`,
    label,
    color,
    split_mode: "everything",
    metrics: [
      { id: `to-${n}`, type: "avg", field: to },
      { id: `from-${n}`, type: "avg", field: from },
      {
        id: `difference-${n}`,
        type: "math",
        variables: [
          { id: `v-to-${n}`, name: "to", field: `to-${n}` },
          { id: `v-from-${n}`, name: "from", field: `from-${n}` },
        ],
        script: "params.to - params.from",
      },
    ],
    formatter: "ms,s,1",
    chart_type: "line",
    line_width: 2,
    point_size: 1,
    fill: 0,
    stacked: "none",
    separate_axis: 0,
    axis_position: "right",
  })),
})
