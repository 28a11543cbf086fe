/** Ten kills over the whole incident: `waybill run` dies at random moments, and the equation holds. */
import process from "node:process"
import { Clock, Duration, Effect } from "effect"
import { seededRandom } from "../src/demo/seededRandom.ts"
import { onStage, stopped } from "../test/e2e/world.ts"
import type { Bench } from "./Bench.ts"

const FLOWS = 49_000
const SERVICE_RATE = 1350
const KILLS = 10
// A start takes some 5 s: until a proof has cleared the way nothing is sent.
const SHORTEST_LIFE = Duration.seconds(2)
const LIFE_SPREAD_MILLIS = 14_000

const measure = (seed: number, say: (line: string) => void) => {
  const random = seededRandom(seed)
  const figures = { lost: -1, duplicated: -1, ahead: -1, seconds: 0, killed_at: "" }
  return onStage(
    {
      flows: { count: FLOWS, span: "30 hours" },
      manager: { serviceRate: SERVICE_RATE },
      indexer: { refreshInterval: "1 second" },
      set: {
        "verify.grace": "2 seconds",
        "verify.min_interval": "250 millis",
        "verify.max_unconfirmed_events": 20_000,
        "batch.max_events": 500,
      },
      atMost: "10 minutes",
      lookEvery: "1 second",
    },
    (stage) =>
      Effect.gen(function* () {
        const startedAt = yield* Clock.currentTimeMillis
        const searchable = Effect.map(stage.world.truth, (truth) => truth.searchable)
        const killedAt: Array<number> = []
        for (let kill = 1; kill <= KILLS; kill++) {
          const waybill = yield* stage.start
          yield* Effect.sleep(Duration.sum(SHORTEST_LIFE, Duration.millis(random.below(LIFE_SPREAD_MILLIS))))
          yield* waybill.kill
          yield* waybill.exitCode
          killedAt.push(yield* searchable)
          say(`kill ${kill} of ${KILLS} at ${killedAt.at(-1)?.toLocaleString("en")} searchable`)
        }
        const waybill = yield* stage.start
        yield* stage.arrived
        yield* stage.nextLine("poll.finished")
        const code = yield* stopped(waybill)
        if (code !== 0) say(`the last run ended with exit code ${code ?? "none"}`)
        yield* Effect.sleep("3 seconds")
        const { lost, twice } = yield* stage.equation
        figures.lost = lost.length
        figures.duplicated = twice.length
        figures.ahead = stage.ahead.length
        figures.seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
        figures.killed_at = killedAt.join(" ")
        for (const one of stage.ahead.slice(0, 10)) say(one)
      }),
  ).pipe(
    Effect.map(() => figures),
    Effect.runPromise,
  )
}

export const bench: Bench = {
  name: "kill-loop",
  about: `${FLOWS} flows, ${KILLS} times SIGKILL at random moments (SEED=<number> repeats a run)`,
  run: async (say) => {
    const seed = Number(process.env.SEED || Date.now() % 1_000_000)
    const figures = await measure(seed, say)
    return {
      passed: figures.lost === 0 && figures.duplicated === 0 && figures.ahead === 0,
      unit: "events lost, there twice, passed by a checkpoint too early",
      figures: { seed, kills: KILLS, ...figures },
    }
  },
}
