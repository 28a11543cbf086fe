/**
 * Sends dead letters again, through the same stages as any event: normalize → look in the index → write → confirm.
 *
 * A letter's file is removed only when a search has returned its event. Until then every step can be cut off by a
 * crash: the file is still there, and the next replay finds the event in the index, sends nothing and removes the
 * file. While the letter waits no feed delivers its event (`DeadLetters.has`), so nobody else sends it meanwhile.
 *
 * No stage after the selection can fail, as in `pipeline/Delivery.ts`, and for the same reasons.
 */
import { Effect, Option, Ref, Result, Stream } from "effect"
import { type DeadLetterError, DeadLetters, type StoredLetter } from "../dead-letters/DeadLetters.ts"
import { type Envelope, fromText } from "../domain/Envelope.ts"
import { confirm, MOST_BATCHES_AHEAD } from "../pipeline/confirm.ts"
import { normalize } from "../pipeline/normalize.ts"
import type { Shipment, WrittenShipment } from "../pipeline/Shipment.ts"
import { Stop } from "../pipeline/Stop.ts"
import { searchBeforeSend } from "../pipeline/searchBeforeSend.ts"
import { setAside } from "../pipeline/setAside.ts"
import { write } from "../pipeline/write.ts"
import * as Log from "../telemetry/log.ts"
import { count } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import { type ReplayRequest, selected } from "./selection.ts"

/** The name under which the batches of a replay are logged. */
export const REPLAY_FEED = "waybill/replay"

/** `taken` is the sum of all others, once it has ended. */
export interface ReplayCounts {
  /** Letters that were taken so far. */
  readonly taken: number
  /** Sent, returned by a search, and removed. */
  readonly delivered: number
  /** Found in the index before anything was sent, and removed. */
  readonly known: number
  /** Undeliverable once more: the letter stays, with attempts + 1. */
  readonly failed: number
  /** Stays as it was: a stop came before its turn. */
  readonly left: number
}

/** A letter that failed once more. */
export interface ReplayFailure {
  readonly key: string
  readonly event_id: string
  readonly reason: string
  readonly error: string
}

export interface ReplayReport {
  readonly counts: ReplayCounts
  /** The first of those that failed. */
  readonly failures: ReadonlyArray<ReplayFailure>
  /** Whether it came to the end of what was asked for. */
  readonly complete: boolean
  /** Why not, if not because of a stop. */
  readonly error: DeadLetterError | undefined
}

const NAMED = 20
const NOTHING: ReplayCounts = { taken: 0, delivered: 0, known: 0, failed: 0, left: 0 }

interface Searched {
  readonly shipment: Shipment
  /** Ids that the index has. */
  readonly known: ReadonlyArray<string>
}

const lookUp = (shipment: Shipment) =>
  Effect.map(searchBeforeSend(shipment), (searched): Searched => {
    const unknown = new Set(searched.toWrite.map(({ id }) => id))
    return {
      shipment: searched,
      known: shipment.batch.events.flatMap(({ id }) => (unknown.has(id) ? [] : [id])),
    }
  })

export const replayLetters = Effect.fnUntraced(function* (
  request: ReplayRequest,
  onProgress: (counts: ReplayCounts) => Effect.Effect<void> = () => Effect.void,
) {
  const letters = yield* DeadLetters
  const stop = yield* Stop
  const problem = yield* Ref.make<DeadLetterError | undefined>(undefined)
  const failures: Array<ReplayFailure> = []
  /** Ids that have failed in this replay. */
  const failed = new Set<string>()
  let counts = NOTHING

  const counted = (more: Partial<ReplayCounts>) => {
    counts = {
      taken: counts.taken + (more.taken ?? 0),
      delivered: counts.delivered + (more.delivered ?? 0),
      known: counts.known + (more.known ?? 0),
      failed: counts.failed + (more.failed ?? 0),
      left: counts.left + (more.left ?? 0),
    }
    return onProgress(counts)
  }

  /** What the stages set aside is a letter already: its next failure is counted in it. */
  const replaying = DeadLetters.of({
    ...letters,
    put: Effect.fnUntraced(function* ({ envelope: { id }, error, reason }) {
      const key = letters.find(id)
      // Purged meanwhile: then nobody wants it any more.
      if (key !== undefined && (yield* letters.failedAgain(key, { error, reason }))) {
        if (failures.length < NAMED) failures.push({ key, event_id: id, reason, error })
        yield* count(METRICS.dlqReplayed, { outcome: "failed" })
      }
      failed.add(id)
      yield* counted({ failed: 1 })
    }),
  })

  const remove = (id: string) => {
    const key = letters.find(id)
    return key === undefined
      ? Effect.succeed(true)
      : letters.remove(key).pipe(
          Effect.as(true),
          Effect.catch((error) =>
            Effect.as(
              Log.error(
                "dead_letter.failed",
                `${error.message} Its event is delivered; the next replay removes the file.`,
                {
                  feed: REPLAY_FEED,
                },
              ),
              false,
            ),
          ),
        )
  }

  const envelopesOf = Effect.fnUntraced(function* (page: ReadonlyArray<StoredLetter>) {
    yield* counted({ taken: page.length })
    const envelopes: Array<Envelope> = []
    for (const { file } of page) {
      const envelope = fromText(file.envelope)
      if (Result.isSuccess(envelope)) envelopes.push(envelope.success)
      else
        yield* setAside(REPLAY_FEED, {
          envelope: file.envelope,
          reason: "normalization_failed",
          error: envelope.failure,
          attempts: 1,
        })
    }
    return {
      fetched: envelopes.length,
      envelopes,
      position: Option.none(),
      maybeSent: true,
      replayed: true,
    }
  })

  const settle = Effect.fnUntraced(function* ({ known }: Searched, written: WrittenShipment) {
    const delivered = written.toWrite.flatMap(({ id }) => (failed.has(id) ? [] : [id]))
    const gone = yield* Effect.forEach([...known, ...delivered], remove)
    const kept = gone.filter((isGone) => !isGone).length
    yield* count(METRICS.dlqReplayed, { outcome: "delivered" }, gone.length - kept)
    yield* counted({ delivered: delivered.length, known: known.length })
  })

  yield* selected(request).pipe(
    Stream.catch((error) => Stream.fromEffectDrain(Ref.set(problem, error))),
    Stream.mapEffect(envelopesOf),
    Stream.mapEffect((page) => normalize(REPLAY_FEED, page)),
    Stream.flattenIterable,
    Stream.mapEffect(lookUp),
    // As in a poll: everything before it may be cut off, and nothing after it.
    Stream.interruptWhen(stop.requested),
    Stream.mapEffect((searched) =>
      Effect.map(write(searched.shipment), (written) => ({ searched, written })),
    ),
    Stream.mapEffect(({ searched, written }) => Effect.andThen(confirm(written), settle(searched, written)), {
      concurrency: MOST_BATCHES_AHEAD,
    }),
    Stream.runDrain,
    Effect.provideService(DeadLetters, replaying),
  )

  const { delivered, known, taken } = counts
  yield* counted({ left: taken - delivered - known - counts.failed - counts.left })
  const error = yield* Ref.get(problem)
  const report: ReplayReport = {
    counts,
    failures,
    complete: error === undefined && !(yield* stop.isRequested),
    error,
  }
  yield* Log.info("replay.finished", "Dead letters were replayed", {
    ...counts,
    complete: report.complete,
    pending: (yield* letters.stats).pending,
  })
  return report
})
