/** The metrics as Prometheus reads them. */
import { Effect } from "effect"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { observeState } from "./observedState.ts"
import { ProcessFigures } from "./ProcessFigures.ts"

/** Of the text below: its media type for `Content-Type`. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

/**
 * All metrics in Prometheus' text format 0.0.4, for `GET /metrics`. What is a state is read now; a checkpoint a feed is
 * loaded from disk for it, which takes well under a millisecond each. Never fails: what can't be read is left out.
 */
export const prometheusText = Effect.gen(function* () {
  const figures = yield* ProcessFigures
  yield* observeState
  yield* figures.read
  return yield* PrometheusMetrics.format()
})
