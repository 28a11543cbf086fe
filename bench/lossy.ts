/** A manager that loses a tenth of all events at random, against the same one that loses none. */
import type { Bench } from "./Bench.ts"
import { measureDelivery } from "./delivery.ts"

const FLOWS = 49_000
/**
 * The lost tenth is written again, which takes a tenth of the time once more. Beside that the last events of all need
 * some four proofs one after the other, and each takes two refreshes and the grace, at whatever rate. So the rate
 * decides which share of the whole that is: at 300 events/s the ratio is 1.19, at 500 it is 1.27.
 */
const SERVICE_RATE = 300
const REFRESH_SECONDS = 1
const LOSS = 0.1
const MOST_RATIO = 1.25

export const bench: Bench = {
  name: "lossy",
  about: `${FLOWS} flows through a manager of ${SERVICE_RATE} events/s that loses ${LOSS * 100} % at random, refresh ${REFRESH_SECONDS} s; its time from first write to last commit against the loss-free one's`,
  run: async (say) => {
    const measure = (loss: number) => {
      say(loss === 0 ? "without loss" : "with loss")
      return measureDelivery(
        {
          flows: FLOWS,
          serviceRate: SERVICE_RATE,
          refreshSeconds: REFRESH_SECONDS,
          entry: "src/main.ts",
          loss,
          set: { "verify.grace": "1 second" },
        },
        say,
      )
    }
    const free = await measure(0)
    const lossy = await measure(LOSS)
    const ratio = lossy.seconds / free.seconds
    const lost = lossy.source - lossy.searchable
    return {
      passed:
        ratio <= MOST_RATIO &&
        [free, lossy].every((run) => run.source === run.searchable && run.duplicated === 0) &&
        lossy.deadLetters === 0,
      unit: "seconds with loss ÷ seconds without",
      figures: {
        ratio,
        target: MOST_RATIO,
        seconds_lossy: lossy.seconds,
        seconds_loss_free: free.seconds,
        proven_lost: lossy.provenLost,
        lost,
        duplicated: lossy.duplicated,
        dead_letters: lossy.deadLetters,
      },
    }
  },
}
