import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Ref } from "effect"
import { TestClock } from "effect/testing"
import { defaultRetrySettings, type RequestFailure } from "../../src/retry/decide.ts"
import { retrying } from "../../src/retry/retrying.ts"
import { METRICS, OUTCOMES } from "../../src/telemetry/metrics.ts"

const down: RequestFailure = { _tag: "Status", status: 503 }
const refused: RequestFailure = { _tag: "Status", status: 400 }

/** A request that fails as told and then succeeds. */
const request = (failures: ReadonlyArray<RequestFailure>) =>
  Effect.gen(function* () {
    const made = yield* Ref.make(0)
    return yield* Ref.getAndUpdate(made, (n) => n + 1).pipe(
      Effect.flatMap((n) => {
        const failure = failures[n]
        return failure === undefined ? Effect.succeed("answer") : Effect.fail(failure)
      }),
      retrying<RequestFailure>({
        peer: "indexer",
        settings: defaultRetrySettings,
        failureOf: (error) => error,
      }),
    )
  })

const counted = Effect.gen(function* () {
  const outcomes = yield* Effect.forEach(OUTCOMES, (outcome) =>
    Effect.map(Metric.value(METRICS.requests.of({ peer: "indexer", outcome })), ({ count }) => count),
  )
  const { count: retries } = yield* Metric.value(METRICS.requestRetries.of({ peer: "indexer" }))
  return { outcomes, retries }
})

const fresh = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Metric.MetricRegistry, new Map())

describe("retrying", () => {
  it.effect("counts a request by how it ended, and each further try", () =>
    fresh(
      Effect.gen(function* () {
        for (const failures of [[], [], [down, down], [refused], [down, down, down, down]]) {
          const fiber = yield* Effect.forkChild(Effect.exit(request(failures)))
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(fiber)
        }
        assert.deepStrictEqual(yield* counted, { outcomes: [2, 1, 2], retries: 5 })
      }),
    ),
  )

  it.effect("counts no outcome of a request that was interrupted", () =>
    fresh(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(request([down, down]))
        yield* TestClock.adjust("50 millis")
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* counted, { outcomes: [0, 0, 0], retries: 1 })
      }),
    ),
  )
})
