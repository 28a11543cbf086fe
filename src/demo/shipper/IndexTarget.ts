/** Where the shipper sends alerts: the simulated indexer, or a real OpenSearch. */
import type { Effect } from "effect"

export interface IndexTarget {
  /**
   * Indexes lines of alerts.json. `false`: nothing was taken, try the same lines again. Lines that the pipeline or a
   * mapping refuses count as taken: Filebeat drops them without a word.
   */
  readonly index: (lines: ReadonlyArray<string>) => Effect.Effect<boolean>
}
