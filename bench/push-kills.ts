/** Twenty kills while senders push. */
import { Effect } from "effect"
import { pushKills } from "../test/e2e/pushKills.ts"
import type { Bench } from "./Bench.ts"

const KILLS = 20

export const bench: Bench = {
  name: "push-kills",
  about: `${KILLS} times SIGKILL under a push of 800 events/s (SEED=<number> repeats a run)`,
  run: async (say) => {
    const seed = Number(process.env.SEED || Date.now() % 1_000_000)
    const { accepted, lost, twice, unanswered } = await Effect.runPromise(pushKills(KILLS, seed, say))
    return {
      passed: accepted > 0 && lost.length === 0 && twice.length === 0,
      unit: "events answered 200 that are not in the index; events there twice",
      figures: { seed, kills: KILLS, accepted, unanswered, lost: lost.length, twice: twice.length },
    }
  },
}
