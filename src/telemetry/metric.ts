/**
 * The three kinds of metrics that Waybill has, on Effect's `Metric`, with their labels typed.
 *
 * The labels of a metric are part of its definition: a call that names another one, or a value that is not among the
 * closed ones, does not compile. Values live in Effect's metric registry; a test provides one of its own.
 */
import { Effect, Metric } from "effect"

/** What a label may be: one of a few known words, or any text. Texts must come from a small set, such as feed names. */
export type LabelValues = ReadonlyArray<string> | "text"
export type Labels = Readonly<Record<string, LabelValues>>
export type LabelsOf<L extends Labels> = {
  readonly [K in keyof L]: L[K] extends ReadonlyArray<infer Value extends string> ? Value : string
}

interface Definition<L extends Labels> {
  readonly name: string
  /** Ends in a full stop in `docs/telemetry.md`; what is counted, and when. */
  readonly description: string
  readonly labels: L
}
export interface CounterMetric<L extends Labels> extends Definition<L> {
  readonly type: "counter"
  readonly of: (labels: LabelsOf<L>) => Metric.Counter<number>
}
export interface GaugeMetric<L extends Labels> extends Definition<L> {
  readonly type: "gauge"
  readonly of: (labels: LabelsOf<L>) => Metric.Gauge<number>
}
export interface HistogramMetric<L extends Labels> extends Definition<L> {
  readonly type: "histogram"
  readonly of: (labels: LabelsOf<L>) => Metric.Histogram<number>
}

/** One series for each set of label values, made once; its labels in the order of the definition. */
const series = <L extends Labels, M extends Metric.Metric<number, unknown>>(
  labels: L,
  metric: M,
  labelled: (attributes: Record<string, string>) => M,
) => {
  const names = Object.keys(labels)
  const made = new Map<string, M>()
  return (values: LabelsOf<L>): M => {
    if (names.length === 0) return metric
    const key = names.map((name) => values[name]).join("\u0000")
    const known = made.get(key)
    if (known !== undefined) return known
    const one = labelled(Object.fromEntries(names.map((name) => [name, values[name] ?? ""])))
    made.set(key, one)
    return one
  }
}

/** Only ever grows. The name ends in `_total`. */
export const counter = <const L extends Labels>(
  name: string,
  description: string,
  labels: L,
): CounterMetric<L> => {
  const of = (attributes?: Record<string, string>) =>
    Metric.counter(name, { description, incremental: true, attributes })
  return { type: "counter", name, description, labels, of: series(labels, of(), of) }
}

/** Goes up and down. */
export const gauge = <const L extends Labels>(
  name: string,
  description: string,
  labels: L,
): GaugeMetric<L> => {
  const of = (attributes?: Record<string, string>) => Metric.gauge(name, { description, attributes })
  return { type: "gauge", name, description, labels, of: series(labels, of(), of) }
}

/** Observations sorted into buckets by their upper bounds. */
export const histogram = <const L extends Labels>(
  name: string,
  description: string,
  labels: L,
  boundaries: ReadonlyArray<number>,
): HistogramMetric<L> => {
  const of = (attributes?: Record<string, string>) =>
    Metric.histogram(name, { description, attributes, boundaries })
  return { type: "histogram", name, description, labels, of: series(labels, of(), of) }
}

/** Adds to a counter; 1 unless told otherwise. Adding 0 makes the series known, so that its first rise is seen. */
export const count = <L extends Labels>(
  metric: CounterMetric<L>,
  labels: LabelsOf<L>,
  by = 1,
): Effect.Effect<void> => Metric.update(metric.of(labels), by)

/** Brings a counter that is counted elsewhere, such as by the system, to its value there. */
export const raiseTo = <L extends Labels>(
  metric: CounterMetric<L>,
  labels: LabelsOf<L>,
  value: number,
): Effect.Effect<void> => {
  const one = metric.of(labels)
  return Effect.flatMap(Metric.value(one), ({ count: before }) =>
    Metric.update(one, Math.max(0, value - before)),
  )
}

/** Sets a gauge; `undefined` takes its series away, for what is not known now. */
export const set = <L extends Labels>(
  metric: GaugeMetric<L>,
  labels: LabelsOf<L>,
  value: number | undefined,
): Effect.Effect<void> =>
  value === undefined ? Metric.remove(metric.of(labels)) : Metric.update(metric.of(labels), value)

/** Adds one observation to a histogram, in the unit of its name. */
export const observe = <L extends Labels>(
  metric: HistogramMetric<L>,
  labels: LabelsOf<L>,
  value: number,
): Effect.Effect<void> => Metric.update(metric.of(labels), value)
