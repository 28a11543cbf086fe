/** A verifier with its canaries over a `ModelChain`, and somebody who writes again what is proven lost. */
import { Clock, Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as RunStatus from "../../src/status/RunStatus.ts"
import { canaries } from "../../src/verify/Canary.ts"
import * as SearchingVerifier from "../../src/verify/SearchingVerifier.ts"
import { type Evidence, Verifier } from "../../src/verify/Verifier.ts"
import { writeHolding } from "../../src/writers/Held.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"
import type { ModelChain } from "./modelChain.ts"

export const GRACE = Duration.seconds(3)

export interface Loss {
  readonly batch: string
  readonly missing: ReadonlyArray<string>
  readonly evidence: Evidence
}

/** Writes events and keeps on writing what is lost of them, as the pipeline does. Succeeds with the losses. */
export const delivered = Effect.fnUntraced(function* (batch: string, ids: ReadonlyArray<string>) {
  const verifier = yield* Verifier
  const losses: Array<Loss> = []
  let rest = ids
  for (let attempt = 1; rest.length > 0; attempt++) {
    const startedAt = yield* Clock.currentTimeMillis
    yield* writeHolding(
      rest.map((id) => JSON.stringify({ event_id: id, waybill: { batch } })),
      {},
    )
    const writtenAt = yield* Clock.currentTimeMillis
    const verdict = yield* verifier.confirm({
      feed: "test/flows",
      batch,
      ids: rest,
      attempt,
      startedAt,
      writtenAt,
    })
    if (verdict._tag === "Confirmed") break
    losses.push({ batch, missing: verdict.missing, evidence: verdict.evidence })
    rest = verdict.missing
  }
  return losses
})

/** Runs `steps` beside the verifier and the canaries; time passes only where a step lets it. */
export const onStage = <A, E>(
  model: ModelChain,
  steps: (
    lines: ReadonlyArray<LogLine>,
  ) => Effect.Effect<
    A,
    E,
    Layer.Success<ReturnType<typeof SearchingVerifier.layer>> | Layer.Success<ModelChain["layer"]>
  >,
  idleInterval: Duration.Duration = Duration.zero,
) => {
  const lines: Array<LogLine> = []
  return Effect.gen(function* () {
    const verifier = yield* Verifier
    return yield* Effect.raceAllFirst([
      verifier.watch,
      canaries({ interval: () => idleInterval }),
      steps(lines),
    ])
  }).pipe(
    Effect.provide(
      SearchingVerifier.layer({
        minInterval: Duration.millis(250),
        maxInterval: Duration.seconds(5),
        warnAfter: Duration.minutes(1),
        clockSkew: Duration.hours(1),
        maxIdsPerSearch: 5000,
        grace: GRACE,
      }).pipe(Layer.provideMerge(model.layer)),
    ),
    Effect.provide([recordLogs(lines), RunStatus.layer]),
  )
}

/** In steps, so that every loop has its turn. */
export const passing = (seconds: number) =>
  Effect.repeat(TestClock.adjust("250 millis"), { times: Math.max(0, seconds * 4 - 1) })

export const numbered = (prefix: string, count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

/** What it has come to; a fiber that has not ended by now fails the test rather than to hang it. */
export const joined = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
  fiber.pollUnsafe() === undefined ? Effect.die(new Error("it has not ended yet")) : Fiber.join(fiber)
