/** Delivered against what the manager can do: 49,000 flows, 1,350 events/s, a refresh of 5 s. */
import type { Bench } from "./Bench.ts"
import { measureDelivery } from "./delivery.ts"

const FLOWS = 49_000
const SERVICE_RATE = 1350
const REFRESH_SECONDS = 5
const TARGET = 0.95

export const bench: Bench = {
  name: "refill",
  about: `${FLOWS} flows through a manager of ${SERVICE_RATE} events/s, refresh ${REFRESH_SECONDS} s; its rate from first write to last confirmation, less one refresh, against the manager's`,
  run: async (say) => {
    const delivery = await measureDelivery(
      { flows: FLOWS, serviceRate: SERVICE_RATE, refreshSeconds: REFRESH_SECONDS, entry: "src/main.ts" },
      say,
    )
    const lost = delivery.source - delivery.searchable
    const rate = FLOWS / (delivery.seconds - REFRESH_SECONDS)
    const ratio = rate / SERVICE_RATE
    return {
      passed: lost === 0 && delivery.duplicated === 0 && ratio >= TARGET,
      unit: "delivered events/s ÷ the manager's events/s",
      figures: {
        ratio,
        target: TARGET,
        lost,
        duplicated: delivery.duplicated,
        seconds: delivery.seconds,
        events_per_second: rate,
        peak_megabytes: delivery.peakMegabytes,
      },
    }
  },
}
