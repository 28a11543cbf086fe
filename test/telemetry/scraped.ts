/** Everything that a scrape reads, as told, with a metric registry of its own. */
import { Duration, Effect, Layer, Metric, Stream } from "effect"
import * as MemoryCheckpoints from "../../src/checkpoints/MemoryCheckpoints.ts"
import * as NoDeadLetters from "../../src/dead-letters/NoDeadLetters.ts"
import { Feeds } from "../../src/sources/Source.ts"
import { ProcessFigures } from "../../src/telemetry/ProcessFigures.ts"
import { Verifier, type VerifierStatus } from "../../src/verify/Verifier.ts"
import { Pacing } from "../../src/writers/Pacing.ts"
import { quiet } from "../support/logRecorder.ts"

export const FLOWS = "firewalla-msp/flows"
export const QUIET: VerifierStatus = {
  batches: 0,
  events: 0,
  oldestWrittenAt: undefined,
  lagMillis: undefined,
  indexer: "unknown",
  stalled: undefined,
  lost: 0,
  duplicated: 0,
}

export const world = (status: VerifierStatus = QUIET, usage?: number) =>
  Layer.mergeAll(
    ProcessFigures.layer,
    MemoryCheckpoints.layer,
    NoDeadLetters.layer,
    Layer.succeed(Feeds, [
      { name: FLOWS, eventType: "flow", interval: () => Duration.minutes(15), poll: () => Stream.empty },
    ]),
    Layer.succeed(
      Verifier,
      Verifier.of({
        confirm: () => Effect.never,
        known: () => Effect.never,
        watch: Effect.never,
        status: Effect.succeed(status),
      }),
    ),
    Layer.succeed(Pacing, Pacing.of({ permits: Effect.succeed, queueUsage: Effect.succeed(usage) })),
    Layer.succeed(Metric.MetricRegistry, new Map()),
  ).pipe(Layer.provide(quiet))

/** Samples by name and labels. */
export const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const space = line.lastIndexOf(" ")
        return [line.slice(0, space), Number(line.slice(space + 1))]
      }),
  )
