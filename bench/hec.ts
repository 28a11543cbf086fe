/** Durable intake: requests of 100 events, the client on the same two cores, and a kill right after the last answer. */
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { eventsOf, makePushStage, push, waitingIn } from "../test/e2e/pushing.ts"
import type { Bench } from "./Bench.ts"
import { quantile } from "./delivery.ts"

const A_REQUEST = 100
const REQUESTS = 3000
const WARM_UP = 200
const CONNECTIONS = 8
const TARGET = 10_000
/** What a whole chain on two cores was measured to take. */
const SERVICE_RATE = 1350

const measure = (say: (line: string) => void) =>
  Effect.gen(function* () {
    const stage = yield* makePushStage({ manager: { serviceRate: SERVICE_RATE } })
    const waybill = yield* stage.start
    yield* Effect.sleep("2 seconds")
    const pushing = (requests: number, from: number) =>
      Effect.promise(() =>
        push({
          origin: waybill.origin,
          connections: CONNECTIONS,
          requests,
          body: (n) => eventsOf(from + n, A_REQUEST),
        }),
      )
    yield* pushing(WARM_UP, 0)
    const pushed = yield* pushing(REQUESTS, WARM_UP)
    const peakMegabytes = (yield* waybill.peakMemory) / 1024 / 1024
    yield* waybill.kill
    yield* waybill.exitCode
    say(`answers: ${JSON.stringify(pushed.statuses)}`)
    const delivered = yield* stage.settled
    return { pushed, peakMegabytes, waiting: waitingIn(stage.spoolFile), delivered }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)

export const bench: Bench = {
  name: "hec",
  about: `${REQUESTS} requests of ${A_REQUEST} events over ${CONNECTIONS} connections, then SIGKILL`,
  run: async (say) => {
    const { pushed, peakMegabytes, waiting, delivered } = await measure(say)
    const accepted = (pushed.accepted.length + WARM_UP) * A_REQUEST
    const rate = (pushed.accepted.length * A_REQUEST) / pushed.seconds
    return {
      passed: rate >= TARGET && pushed.accepted.length === REQUESTS && waiting + delivered >= accepted,
      unit: "events a second, on disk before the answer",
      figures: {
        events_per_second: rate,
        target: TARGET,
        median_ms: quantile(pushed.took, 0.5),
        p99_ms: quantile(pushed.took, 0.99),
        longest_ms: quantile(pushed.took, 1),
        accepted,
        on_disk_after_kill: waiting,
        delivered_before: delivered,
        peak_megabytes: peakMegabytes,
      },
    }
  },
}
