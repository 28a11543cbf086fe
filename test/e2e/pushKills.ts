/** SIGKILL while senders push: whatever was answered 200 is in the index or a dead letter, once. */
import { NodeServices } from "@effect/platform-node"
import { Clock, Duration, Effect, Fiber, Schedule } from "effect"
import { seededRandom } from "../../src/demo/seededRandom.ts"
import { eventsOf, makePushStage, push } from "./pushing.ts"

export interface PushKills {
  readonly accepted: number
  /** Requests that a kill left without an answer. */
  readonly unanswered: number
  readonly lost: ReadonlyArray<string>
  readonly twice: ReadonlyArray<string>
}

const A_REQUEST = 20
const EVERY_MILLIS = 25

export const pushKills = Effect.fnUntraced(
  function* (kills: number, seed: number, say: (line: string) => void) {
    const random = seededRandom(seed)
    const stage = yield* makePushStage({
      seed,
      manager: { serviceRate: 2500 },
      indexer: { refreshInterval: "500 millis", keepDocuments: true },
      shipper: { delay: "50 millis" },
      set: {
        "verify.grace": "1 second",
        "verify.min_interval": "50 millis",
        "canary.resend_after": "2 seconds",
        "batch.max_events": 200,
      },
    })
    const accepted = new Set<string>()
    let unanswered = 0
    let first = 0
    for (let kill = 1; kill <= kills; kill++) {
      const waybill = yield* stage.start
      const life = 500 + random.below(7000)
      const from = first
      const requests = Math.ceil(10_000 / EVERY_MILLIS)
      first += requests
      const pushing = yield* Effect.promise((signal) =>
        push({
          origin: waybill.origin,
          connections: 4,
          requests,
          every: EVERY_MILLIS,
          body: (n) => eventsOf(from + n, A_REQUEST),
          signal,
          answered: (n, status) => {
            if (status !== 200) unanswered += status === undefined ? 1 : 0
            else for (let i = 0; i < A_REQUEST; i++) accepted.add(String((from + n) * A_REQUEST + i))
          },
        }),
      ).pipe(Effect.forkChild)
      yield* Effect.sleep(Duration.millis(life))
      yield* waybill.kill
      yield* waybill.exitCode
      yield* Effect.sleep("100 millis")
      yield* Fiber.interrupt(pushing)
      say(`kill ${kill} of ${kills} after ${life} ms, ${accepted.size} accepted so far`)
    }
    const waybill = yield* stage.start
    const arrivals = Effect.map(Clock.currentTimeMillis, stage.arrivals)
    yield* arrivals.pipe(
      Effect.repeat({
        until: (found) => [...accepted].every((serial) => found.has(serial)),
        schedule: Schedule.spaced("500 millis"),
      }),
      Effect.timeoutOption(Duration.minutes(3)),
    )
    // Whatever may come a second time has had time to.
    yield* Effect.sleep("3 seconds")
    const found = yield* arrivals
    yield* waybill.stop
    yield* waybill.exitCode
    return {
      accepted: accepted.size,
      unanswered,
      lost: [...accepted].filter((serial) => !found.has(serial)),
      twice: [...found].flatMap(([serial, copies]) => (copies > 1 ? [serial] : [])),
    } satisfies PushKills
  },
  Effect.scoped,
  Effect.provide(NodeServices.layer),
)
