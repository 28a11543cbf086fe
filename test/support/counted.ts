/** A metric registry for one test, and what was counted in it. */
import { Effect, Metric } from "effect"
import type { CounterMetric, Labels, LabelsOf } from "../../src/telemetry/metric.ts"
import { METRICS, STAGES } from "../../src/telemetry/metrics.ts"

export const freshMetrics = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Metric.MetricRegistry, new Map())

export const counted = <L extends Labels>(metric: CounterMetric<L>, labels: LabelsOf<L>) =>
  Effect.map(Metric.value(metric.of(labels)), ({ count }) => count)

/** The events of a feed by stage. */
export const stagesOf = (feed: string) =>
  Effect.map(
    Effect.forEach(STAGES, (stage) =>
      Effect.map(counted(METRICS.events, { feed, stage }), (events) => [stage, events] as const),
    ),
    Object.fromEntries,
  )
