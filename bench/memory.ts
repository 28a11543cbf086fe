/** Peak memory with ten times the backlog. The bundle is measured, because that is what the image runs. */
import { execFileSync } from "node:child_process"
import process from "node:process"
import type { Bench } from "./Bench.ts"
import { type Delivery, measureDelivery } from "./delivery.ts"

const SMALL = 49_000
const LARGE = 490_000
const MOST_RATIO = 1.15
const MOST_MEGABYTES = 200

export const bench: Bench = {
  name: "memory",
  about: `peak resident memory with ${LARGE} flows against that with ${SMALL}`,
  run: async (say) => {
    execFileSync(process.execPath, ["node_modules/rolldown/bin/cli.mjs", "-c", "rolldown.config.ts"])
    const measure = (flows: number): Promise<Delivery> =>
      measureDelivery(
        {
          flows,
          serviceRate: 6000,
          refreshSeconds: 1,
          entry: "dist/main.mjs",
          set: { "verify.grace": "2 seconds" },
        },
        say,
      )
    const small = await measure(SMALL)
    const large = await measure(LARGE)
    const ratio = large.peakMegabytes / small.peakMegabytes
    return {
      passed:
        ratio <= MOST_RATIO &&
        large.peakMegabytes < MOST_MEGABYTES &&
        large.source === large.searchable &&
        large.duplicated === 0,
      unit: "peak memory with 490,000 ÷ with 49,000",
      figures: {
        ratio,
        target: MOST_RATIO,
        megabytes_49000: small.peakMegabytes,
        megabytes_490000: large.peakMegabytes,
        most_megabytes: MOST_MEGABYTES,
        lost: large.source - large.searchable,
        duplicated: large.duplicated,
        events_per_second: LARGE / large.seconds,
      },
    }
  },
}
