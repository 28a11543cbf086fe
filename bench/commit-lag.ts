/** From the moment at which everything up to a commit was searchable to that commit, at Wazuh's own refresh of 5 s. */
import type { Bench } from "./Bench.ts"
import { measureDelivery, quantile } from "./delivery.ts"

const FLOWS = 49_000
const SERVICE_RATE = 1350
const REFRESH_SECONDS = 5
const MOST_MEDIAN = 1000
const MOST_P99 = 2500

export const bench: Bench = {
  name: "commit-lag",
  about: `${FLOWS} flows at ${SERVICE_RATE} events/s, refresh ${REFRESH_SECONDS} s: from searchable to committed, by the simulated indexer's clock and Waybill's log`,
  run: async (say) => {
    const { commitLags, duplicated, searchable, source } = await measureDelivery(
      { flows: FLOWS, serviceRate: SERVICE_RATE, refreshSeconds: REFRESH_SECONDS, entry: "src/main.ts" },
      say,
    )
    const median = quantile(commitLags, 0.5)
    const p99 = quantile(commitLags, 0.99)
    return {
      passed:
        median <= MOST_MEDIAN &&
        p99 <= MOST_P99 &&
        // A commit before its events are searchable would be the one thing that must never be.
        quantile(commitLags, 0) >= 0 &&
        source === searchable &&
        duplicated === 0,
      unit: "milliseconds from searchable to committed",
      figures: {
        median,
        median_target: MOST_MEDIAN,
        p99,
        p99_target: MOST_P99,
        least: quantile(commitLags, 0),
        most: quantile(commitLags, 1),
        commits: commitLags.length,
      },
    }
  },
}
