/**
 * A small event of Waybill's own, written to see whether, and how fast, anything arrives.
 *
 * At the start of a run it clears the way: what a killed run had handed over was written before it, so once the
 * canary is searchable, and a grace has passed, a search says truly which events are there. The grace is needed
 * because order is not kept: analysisd swaps neighbours by up to 170 places, and each shard refreshes on its own.
 */
import { randomUUID } from "node:crypto"
import { Clock, Deferred, Duration, Effect, type Scope } from "effect"
import type { Attempt } from "../domain/Event.ts"
import * as Log from "../telemetry/log.ts"
import { writeHolding } from "../writers/Held.ts"
import { Verifier } from "./Verifier.ts"

export const CANARY_FEED = "waybill/canary"

export interface CanaryOptions {
  /** How long a canary may be out before another one is sent after it. */
  readonly resendAfter: Duration.Duration
  /** How long to wait once a canary has been seen. */
  readonly grace: Duration.Duration
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

/** Sends one canary, and completes `seen` with its lag in milliseconds when the indexer returns it. */
const send = Effect.fnUntraced(function* (seen: Deferred.Deferred<number>) {
  const verifier = yield* Verifier
  const id = `canary-${randomUUID()}`
  const startedAt = yield* Clock.currentTimeMillis
  const sentAt = new Date(startedAt).toISOString()
  yield* writeHolding([canaryJson(id, { batch: id, attempt: 1, sentAt })], {
    feed: CANARY_FEED,
    batch: id,
  }).pipe(Effect.orDie)
  const writtenAt = yield* Clock.currentTimeMillis
  yield* Log.info("canary.sent", "Sent a canary through the chain", { feed: CANARY_FEED, batch: id })
  yield* verifier.confirm({ feed: CANARY_FEED, batch: id, ids: [id], attempt: 1, startedAt, writtenAt }).pipe(
    Effect.andThen(Clock.currentTimeMillis),
    Effect.tap((now) => Deferred.succeed(seen, now - writtenAt)),
    Effect.forkScoped,
  )
})

/**
 * Waits until a canary has come through the whole chain and the grace after it is over. A canary that does not show
 * up is followed by another, for as long as it takes: the first one may have been lost with a dying manager.
 */
export const clearTheWay = Effect.fnUntraced(function* (options: CanaryOptions) {
  const seen = yield* Deferred.make<number>()
  const sendUntilSeen: Effect.Effect<number, never, Effect.Services<ReturnType<typeof send>> | Scope.Scope> =
    send(seen).pipe(
      Effect.andThen(Deferred.await(seen).pipe(Effect.timeoutOption(options.resendAfter))),
      Effect.flatMap((lag) =>
        lag._tag === "Some"
          ? Effect.succeed(lag.value)
          : Log.warning(
              "canary.waiting",
              `No canary has become searchable for ${Duration.format(options.resendAfter)}; nothing is sent until one does. ` +
                "Check that the manager, Filebeat and the indexer run, and that Waybill's decoder and rules are installed.",
              { feed: CANARY_FEED },
            ).pipe(Effect.andThen(Effect.suspend(() => sendUntilSeen))),
      ),
    )
  const lag = yield* Effect.scoped(sendUntilSeen)
  yield* Log.info("canary.confirmed", "The chain is open: a canary is searchable", {
    feed: CANARY_FEED,
    lag_ms: lag,
  })
  yield* Effect.sleep(options.grace)
  return lag
})
