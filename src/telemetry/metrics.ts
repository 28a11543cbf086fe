/**
 * Every metric there is, each defined here and nowhere else; `docs/telemetry.md` lists the same ones.
 *
 * Who has something to count calls `count(METRICS.hecRequests, { code: "0" })`; `set` and `observe` (both of
 * `metric.ts`) are for gauges and histograms. Once a batch or a request, never once an event. What is a state rather
 * than something that happens is read when it is asked for: see `observedState.ts`.
 *
 * Names and units are Prometheus' own: `waybill_`, base units, `_total` for counters. `process_` and `nodejs_` are
 * names that every dashboard for Node knows.
 */
import { counter, gauge, histogram } from "./metric.ts"

/** Where an event is on its way, as far as it is counted; what they mean: `domain/Ledger.ts`. */
export const STAGES = [
  "fetched",
  "normalized",
  "known",
  "repeated",
  "filtered",
  "written",
  "confirmed",
  "dead",
] as const
/** Whom requests are made to that may be tried again. */
export const PEERS = ["msp", "indexer", "wazuh_api", "wazuh5"] as const
export type Peer = (typeof PEERS)[number]
/** How a request ended: with its first try, after retries, or not at all. */
export const OUTCOMES = ["first_attempt", "retried", "failed"] as const
const REASONS = [
  "normalization_failed",
  "validation_failed",
  "storage_failed",
  "verification_failed",
] as const

/** Seconds. Below a refresh of 5 s it is fine for nobody; beyond an hour it is an outage. */
const LAG_BUCKETS = [0.5, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 45, 60, 120, 300, 900, 3600]

const feed = "text"

export const METRICS = {
  events: counter("waybill_events_total", "Events by how far they have come", { feed, stage: STAGES }),
  polls: counter("waybill_polls_total", "Polls of a feed", { feed, outcome: ["finished", "failed"] }),
  defects: counter(
    "waybill_defects_total",
    "Defects of Waybill's own that held a feed, or a part beside the feeds",
    {
      part: "text",
    },
  ),
  batchesConfirmed: counter(
    "waybill_batches_confirmed_total",
    "Batches of which every event is returned by a search or is a dead letter",
    { feed },
  ),
  indexLag: histogram(
    "waybill_index_lag_seconds",
    "From the last write of a batch to the search that returned it whole",
    { feed },
    LAG_BUCKETS,
  ),
  recordsUnaccounted: gauge(
    "waybill_records_unaccounted",
    "Records of which nobody can say what became of them; always 0, or a stage of Waybill has lost or doubled them",
    { feed },
  ),
  eventsLost: counter(
    "waybill_events_lost_total",
    "Events proven lost between the manager and the index, each as often as it was",
    { feed },
  ),
  eventsReinjected: counter(
    "waybill_events_reinjected_total",
    "Events written again because their loss was proven",
    { feed },
  ),
  duplicates: counter(
    "waybill_duplicate_events_total",
    "Events of which a search returned more than one copy",
    { feed },
  ),
  outstandingBatches: gauge(
    "waybill_outstanding_batches",
    "Batches that are written and not confirmed yet",
    {},
  ),
  outstandingEvents: gauge("waybill_outstanding_events", "Events that are written and not confirmed yet", {}),
  outstandingAge: gauge(
    "waybill_outstanding_age_seconds",
    "Time since the oldest write that is not confirmed; 0 when there is none",
    {},
  ),
  stalled: gauge("waybill_stalled", "1 while nothing arrives any more and this is where it is stuck", {
    stage: ["indexer", "writer", "chain"],
  }),
  indexerUp: gauge("waybill_indexer_up", "1 if the indexer answered the last search, 0 if it did not", {}),
  checkpointAge: gauge(
    "waybill_checkpoint_age_seconds",
    "How far the checkpoint lies behind the present; of an inventory, the time since its last comparison; of pushed events, how long the oldest has waited",
    { feed },
  ),
  feedInterval: gauge("waybill_feed_interval_seconds", "Time between two polls of a feed", { feed }),
  canaryLag: gauge(
    "waybill_canary_lag_seconds",
    "From the write of the last canary that arrived to the search that returned it",
    {},
  ),
  managerQueueUsage: gauge(
    "waybill_manager_queue_usage_ratio",
    "How full the manager's decode queue was when last asked, 0 to 1; absent while it can't be asked",
    {},
  ),
  managerDropped: counter(
    "waybill_manager_dropped_events_total",
    "Collected logs that the manager dropped while Waybill ran, whoever sent them",
    {},
  ),
  requests: counter("waybill_requests_total", "Requests to a peer by how they ended", {
    peer: PEERS,
    outcome: OUTCOMES,
  }),
  requestRetries: counter("waybill_request_retries_total", "Tries after the first one of a request", {
    peer: PEERS,
  }),
  dlqWritten: counter("waybill_dlq_written_total", "Dead letters written", { reason: REASONS }),
  dlqPending: gauge("waybill_dlq_pending", "Dead letters that wait in the folder", {}),
  dlqBytes: gauge("waybill_dlq_bytes", "Size of the dead letters that wait", {}),
  dlqReplayed: counter("waybill_dlq_replayed_total", "Dead letters that were replayed", {
    outcome: ["delivered", "failed"],
  }),
  hecRequests: counter("waybill_hec_requests_total", "Requests to the HEC by the code of their reply", {
    code: "text",
  }),
  hecSpoolEvents: gauge(
    "waybill_hec_spool_events",
    "Events that the HEC has accepted and that are not settled yet",
    {},
  ),
  hecSpoolBytes: gauge("waybill_hec_spool_bytes", "Size of the events in the HEC's spool", {}),
  buildInfo: gauge("waybill_build_info", "Always 1; the version is in the labels", {
    version: "text",
    node: "text",
  }),
  cpuSeconds: counter("process_cpu_seconds_total", "Time on a CPU, by user and system together", {}),
  residentMemory: gauge("process_resident_memory_bytes", "Memory that is in RAM", {}),
  startTime: gauge("process_start_time_seconds", "When the process started, in seconds since 1970", {}),
  openFiles: gauge("process_open_fds", "Open file descriptors; absent where the system does not tell", {}),
  heapUsed: gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use", {}),
  heapTotal: gauge("nodejs_heap_size_total_bytes", "JavaScript heap that is reserved", {}),
  externalMemory: gauge(
    "nodejs_external_memory_bytes",
    "Memory outside of the JavaScript heap that it holds",
    {},
  ),
  eventLoopUtilization: gauge(
    "nodejs_eventloop_utilization_ratio",
    "Share of the time since the last scrape in which the event loop was busy, 0 to 1",
    {},
  ),
  eventLoopLagMedian: gauge(
    "nodejs_eventloop_lag_p50_seconds",
    "How late a timer came since the last scrape: the median",
    {},
  ),
  eventLoopLagHigh: gauge("nodejs_eventloop_lag_p99_seconds", "The same: the 99th percentile", {}),
  eventLoopLagMost: gauge("nodejs_eventloop_lag_max_seconds", "The same: the most", {}),
} as const
