/** Says when nothing arrives any more, where it is stuck, and what became of it. */
import { Clock, Effect } from "effect"
import { monotonicMillis } from "../domain/monotonicTime.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import type { Lag } from "./lag.ts"
import type { Waiting } from "./Outstanding.ts"
import type { Stall } from "./Stall.ts"
import type { StalledStage, VerifierStatus } from "./Verifier.ts"

/** Canaries that take so long to be handed over are stuck behind a writer that holds. */
const WRITER_HOLDS_AFTER = 5000

const ADVICE: Readonly<Record<StalledStage, string>> = {
  indexer: "The indexer can't be searched; see indexer.unavailable.",
  writer: "The manager takes no events; see writer.holding.",
  chain:
    "The manager takes events and none becomes searchable: check that analysisd and Filebeat run, that Waybill's " +
    "decoder and rules are installed, and that the indexer takes new documents.",
}

export const makeStallReport = (
  stall: Stall,
  isIndexerFailing: Effect.Effect<boolean>,
  thresholdMillis: () => number,
) => {
  let writingSince: number | undefined
  const isWriterHeld = Effect.flatMap(RunStatus, ({ snapshot }) =>
    Effect.map(snapshot, ({ holds }) => holds.has("writer")),
  )

  const status = Effect.gen(function* (): Effect.fn.Return<VerifierStatus["stalled"]> {
    const { since } = stall
    if (since === undefined) return undefined
    const now = yield* monotonicMillis
    const canariesWait = writingSince !== undefined && now - writingSince > WRITER_HOLDS_AFTER
    const writerHolds = canariesWait || (yield* isWriterHeld)
    return {
      since: (yield* Clock.currentTimeMillis) - (now - since),
      stage: (yield* isIndexerFailing) ? "indexer" : writerHolds ? "writer" : "chain",
    }
  })

  return {
    status,
    /** Whether canaries are being handed to the writer. */
    writing: (busy: boolean) =>
      Effect.map(monotonicMillis, (now) => {
        writingSince = busy ? now : undefined
      }),
    /** Looked at after each look; a lag that is high anyway raises the threshold. */
    watch: Effect.fnUntraced(function* (all: ReadonlyArray<Waiting>, lag: Lag, unconfirmed: number) {
      const out = all.filter(({ kind }) => kind !== "barrier")
      const threshold = Math.max(thresholdMillis(), 3 * (lag.high ?? 0))
      if (stall.look(out, yield* isWriterHeld, yield* monotonicMillis, threshold)) {
        const stalled = yield* status
        if (stalled !== undefined)
          yield* Log.warning(
            "delivery.stalled",
            `Nothing arrives any more; the feeds hold. ${ADVICE[stalled.stage]}`,
            { stage: stalled.stage, since: new Date(stalled.since).toISOString(), unconfirmed },
          )
      }
      const recovery = stall.recovery(out)
      if (recovery !== undefined)
        yield* Log.info("delivery.recovered", "Events arrive again; what is lost is written again", {
          stalled_ms: recovery.lastedMillis,
          late: recovery.late,
          lost: recovery.lost,
        })
    }),
  }
}
