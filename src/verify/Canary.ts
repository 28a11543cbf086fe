/**
 * Canaries: small events of Waybill's own that go through the same writer as everything else.
 *
 * They are the later events that a proof needs where no others come, and in quiet times they tell whether, and how
 * fast, anything arrives.
 */
import { randomUUID } from "node:crypto"
import { Clock, Duration, Effect } from "effect"
import { neverIfZero, sleepAsSet } from "../config/NextReload.ts"
import type { Attempt } from "../domain/Event.ts"
import * as Log from "../telemetry/log.ts"
import { writeHolding } from "../writers/Held.ts"
import { Witnesses } from "./Witnesses.ts"

export const CANARY_FEED = "waybill/canary"

export interface CanaryOptions {
  /** In quiet times one is sent at this interval; zero: none. Asked at each use: it may change while Waybill runs. */
  readonly interval: () => Duration.Duration
}

/** The canary's JSON as it goes over the wire; `sent_at` lets the dashboard draw the lag. */
export const canaryJson = (id: string, { batch, attempt, sentAt }: Attempt): string =>
  JSON.stringify({
    source: "waybill",
    event_type: "canary",
    event_id: id,
    event_time: sentAt,
    waybill: { batch, attempt: String(attempt), sent_at: sentAt },
  })

const send = Effect.fnUntraced(function* (count: number) {
  const witnesses = yield* Witnesses
  const batch = `canary-${randomUUID()}`
  const ids = Array.from({ length: count }, (_, n) => `${batch}-${n}`)
  const startedAt = yield* Clock.currentTimeMillis
  const attempt = { batch, attempt: 1, sentAt: new Date(startedAt).toISOString() }
  yield* witnesses.writing(true)
  yield* writeHolding(
    ids.map((id) => canaryJson(id, attempt)),
    { feed: CANARY_FEED, batch },
  ).pipe(Effect.ensuring(witnesses.writing(false)))
  const writtenAt = yield* Clock.currentTimeMillis
  yield* Log.debug("canary.sent", "Sent canaries through the chain", {
    feed: CANARY_FEED,
    batch,
    canaries: count,
  })
  yield* witnesses.written({ feed: CANARY_FEED, batch, ids, attempt: 1, startedAt, writtenAt })
})

/**
 * Sends canaries where a proof wants them, and one in quiet times. Never ends; runs beside the feeds. Where two of
 * these run, the second one waits for the end of the first.
 */
export const canaries = Effect.fnUntraced(function* ({ interval }: CanaryOptions) {
  const witnesses = yield* Witnesses
  const quiet = sleepAsSet(() => neverIfZero(interval())).pipe(
    Effect.andThen(witnesses.quietMillis),
    Effect.map((millis) => (millis === undefined || millis >= Duration.toMillis(interval()) / 2 ? 1 : 0)),
  )
  return yield* Effect.raceFirst(witnesses.wanted, quiet).pipe(
    Effect.tap((count) => (count > 0 ? send(count) : Effect.void)),
    Effect.forever,
    witnesses.inTurn,
  )
})

/**
 * Waits until what a killed run had handed over has arrived or never will, by the same proof as that of a loss: from
 * then on a search says truly which events are there. Succeeds with the lag. Needs `Verifier.watch` beside it.
 */
export const clearTheWay = Effect.fnUntraced(function* (options: {
  /** How often to say that it still waits. Asked at each use: it may change while Waybill runs. */
  readonly resendAfter: () => Duration.Duration
}) {
  const witnesses = yield* Witnesses
  const warn = sleepAsSet(options.resendAfter).pipe(
    Effect.andThen(
      Log.warning(
        "canary.waiting",
        "No canary has come through the chain yet; nothing is sent until one does. " +
          "Check that the manager, Filebeat and the indexer run, and that Waybill's decoder and rules are installed.",
        { feed: CANARY_FEED },
      ),
    ),
    Effect.forever,
  )
  const sending = canaries({ interval: () => Duration.zero })
  const lag = yield* Effect.raceFirst(witnesses.barrier, Effect.raceFirst(sending, warn))
  yield* Log.info("canary.confirmed", "The chain is open: canaries are searchable", {
    feed: CANARY_FEED,
    lag_ms: lag,
  })
  return lag
})
