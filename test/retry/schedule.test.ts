import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Ref } from "effect"
import { TestClock } from "effect/testing"
import { defaultRetrySettings, type RequestFailure } from "../../src/retry/decide.ts"
import { type Retry, retrySchedule } from "../../src/retry/schedule.ts"

const failing = (failures: ReadonlyArray<RequestFailure>) =>
  Effect.gen(function* () {
    const calls = yield* Ref.make(0)
    const retries = yield* Ref.make<ReadonlyArray<Retry<RequestFailure>>>([])
    const schedule = retrySchedule<RequestFailure>({
      settings: defaultRetrySettings,
      failureOf: (error) => error,
      onRetry: (retry) => Ref.update(retries, (seen) => [...seen, retry]),
    })
    const request = Ref.getAndUpdate(calls, (n) => n + 1).pipe(
      Effect.flatMap((n) => {
        const failure = failures[n]
        return failure === undefined ? Effect.succeed("answer") : Effect.fail(failure)
      }),
      Effect.retry(schedule),
    )
    return { calls, retries, request }
  })

/** How many calls were made after each step of the clock. */
const callsAfter = (calls: Ref.Ref<number>, steps: ReadonlyArray<number>) =>
  Effect.forEach(steps, (step) => Effect.andThen(TestClock.adjust(Duration.millis(step)), Ref.get(calls)))

const down: RequestFailure = { _tag: "Status", status: 503 }

describe("retrySchedule", () => {
  it.effect("tries at once, then after 100, 200 and 400 ms, then fails with the last error", () =>
    Effect.gen(function* () {
      const { calls, request } = yield* failing([down, down, down, { _tag: "TimedOut" }, down])
      const fiber = yield* Effect.forkChild(Effect.flip(request))
      assert.deepStrictEqual(
        yield* callsAfter(calls, [0, 99, 1, 199, 1, 399, 1, 100_000]),
        [1, 1, 2, 2, 3, 3, 4, 4],
      )
      assert.deepStrictEqual(yield* Fiber.join(fiber), { _tag: "TimedOut" })
    }),
  )

  it.effect("waits as long as Retry-After asks, and tells each wait before it begins", () =>
    Effect.gen(function* () {
      const { calls, retries, request } = yield* failing([
        down,
        { _tag: "Status", status: 429, retryAfter: "3" },
      ])
      const fiber = yield* Effect.forkChild(request)
      assert.deepStrictEqual(yield* callsAfter(calls, [0, 100, 2999, 1]), [1, 2, 2, 3])
      assert.strictEqual(yield* Fiber.join(fiber), "answer")
      assert.deepStrictEqual(
        (yield* Ref.get(retries)).map(({ retry, delayMillis }) => [retry, delayMillis]),
        [
          [1, 100],
          [2, 3000],
        ],
      )
    }),
  )

  it.effect("asks once only where the answer is 401, 403 or another 4xx", () =>
    Effect.forEach([401, 403, 400, 404], (status) =>
      Effect.gen(function* () {
        const { calls, request } = yield* failing([{ _tag: "Status", status }])
        yield* Effect.flip(request)
        assert.strictEqual(yield* Ref.get(calls), 1, `status ${status}`)
      }),
    ),
  )

  it.effect("serves many requests, each with its own count", () =>
    Effect.gen(function* () {
      const schedule = retrySchedule<RequestFailure>({
        settings: { ...defaultRetrySettings, retryDelayMs: 0 },
        failureOf: (error) => error,
      })
      const calls = yield* Ref.make(0)
      const request = Effect.andThen(
        Ref.update(calls, (n) => n + 1),
        Effect.fail(down),
      ).pipe(Effect.retry(schedule))
      yield* Effect.flip(request)
      yield* Effect.flip(request)
      assert.strictEqual(yield* Ref.get(calls), 8)
    }),
  )
})
