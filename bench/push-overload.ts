/**
 * Ten times what the manager takes is pushed: memory stays flat, senders are told to come back, what was accepted
 * arrives once, and intake goes on by itself.
 */
import { NodeServices } from "@effect/platform-node"
import { Clock, Duration, Effect, Fiber, Schedule } from "effect"
import { eventsOf, makePushStage, push } from "../test/e2e/pushing.ts"
import type { Bench } from "./Bench.ts"

const SERVICE_RATE = 1350
const TIMES = 10
const A_REQUEST = 100
const SECONDS = 45
const CONNECTIONS = 16
/** Reached after some seconds of such a push. */
const MOST_EVENTS = 50_000
const MOST_MEGABYTES = 350
const REQUESTS = Math.ceil((SERVICE_RATE * TIMES * SECONDS) / A_REQUEST)

const measure = (say: (line: string) => void) =>
  Effect.gen(function* () {
    const stage = yield* makePushStage({
      manager: { serviceRate: SERVICE_RATE },
      indexer: { refreshInterval: "1 second", keepDocuments: true },
      set: { "source.hec.spool.max_events": MOST_EVENTS, "verify.grace": "2 seconds" },
    })
    const waybill = yield* stage.start
    const memory: Array<number> = []
    const watching = yield* stage.memoryOf(waybill.pid).pipe(
      Effect.tap((megabytes) => Effect.sync(() => memory.push(megabytes))),
      Effect.repeat(Schedule.spaced("1 second")),
      Effect.forkChild,
    )
    const every = (1000 * A_REQUEST) / (SERVICE_RATE * TIMES)
    const flood = yield* Effect.promise(() =>
      push({
        origin: waybill.origin,
        connections: CONNECTIONS,
        requests: REQUESTS,
        every,
        body: (n) => eventsOf(n, A_REQUEST),
      }),
    )
    say(`answers: ${JSON.stringify(flood.statuses)} in ${flood.seconds.toFixed(0)} s`)
    const endedAt = yield* Clock.currentTimeMillis
    // By itself: nobody restarts anything, and a sender that comes back is let in.
    const again = yield* Effect.promise(() =>
      push({
        origin: waybill.origin,
        connections: 1,
        requests: 1,
        body: () => eventsOf(REQUESTS, A_REQUEST),
      }),
    ).pipe(
      Effect.repeat({
        until: ({ accepted }) => accepted.length === 1,
        schedule: Schedule.spaced("250 millis"),
      }),
      Effect.timeout(Duration.minutes(2)),
    )
    const recoveredAfter = (yield* Clock.currentTimeMillis) - endedAt
    const accepted = new Set<string>()
    for (const n of [...flood.accepted, ...again.accepted.map(() => REQUESTS)])
      for (let i = 0; i < A_REQUEST; i++) accepted.add(String(n * A_REQUEST + i))
    const arrivals = Effect.map(Clock.currentTimeMillis, stage.arrivals)
    yield* arrivals.pipe(
      Effect.repeat({
        until: (found) => [...accepted].every((serial) => found.has(serial)),
        schedule: Schedule.spaced("2 seconds"),
      }),
      Effect.timeoutOption(Duration.minutes(5)),
    )
    yield* Effect.sleep("3 seconds")
    yield* Fiber.interrupt(watching)
    const found = yield* arrivals
    yield* waybill.stop
    yield* waybill.exitCode
    const settled = memory.slice(Math.floor(memory.length / 4))
    return {
      flood,
      recovered_after_ms: recoveredAfter,
      accepted: accepted.size,
      lost: [...accepted].filter((serial) => !found.has(serial)).length,
      twice: [...found.values()].filter((count) => count > 1).length,
      first_quarter_megabytes: Math.max(...memory.slice(0, Math.ceil(memory.length / 4))),
      peak_megabytes: Math.max(...settled),
    }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)

export const bench: Bench = {
  name: "push-overload",
  about: `${TIMES} times the ${SERVICE_RATE} events/s that the manager takes, for ${SECONDS} s`,
  run: async (say) => {
    const { flood, ...figures } = await measure(say)
    const refused = flood.statuses[503] ?? 0
    return {
      passed:
        figures.lost === 0 &&
        figures.twice === 0 &&
        refused > 0 &&
        flood.withRetryAfter === refused &&
        Object.keys(flood.statuses).every((status) => status === "200" || status === "503") &&
        figures.peak_megabytes < MOST_MEGABYTES,
      unit: "accepted events that are lost, there twice; resident memory",
      figures: {
        pushed_events_per_second: (REQUESTS * A_REQUEST) / flood.seconds,
        requests_accepted: flood.accepted.length,
        requests_told_to_come_back: refused,
        ...figures,
        most_megabytes: MOST_MEGABYTES,
      },
    }
  },
}
