/** Whether the indexer can be searched, said once when it changes and again at an interval while it can't. */
import { Clock, Effect, Ref } from "effect"
import { iso } from "../domain/isoTime.ts"
import type { IndexerError } from "../indexer/Indexer.ts"
import * as Log from "../telemetry/log.ts"

export type IndexerHealth = Effect.Success<ReturnType<typeof makeIndexerHealth>>

export const makeIndexerHealth = Effect.fnUntraced(function* (sayAgainMillis: () => number) {
  const failing = yield* Ref.make<{ readonly since: number; readonly saidAt: number } | undefined>(undefined)
  const asked = yield* Ref.make(false)
  return {
    /** A search failed. `unconfirmed`: events that wait for an answer. */
    failed: Effect.fnUntraced(function* (error: IndexerError, unconfirmed: number) {
      const now = yield* Clock.currentTimeMillis
      const before = yield* Ref.get(failing)
      if (before !== undefined && now - before.saidAt < sayAgainMillis()) return
      const since = before?.since ?? now
      yield* Ref.set(failing, { since, saidAt: now })
      yield* Log.warning("indexer.unavailable", error.message, {
        reason: error.reason,
        since: iso(since),
        unconfirmed,
      })
    }),
    /** A search was answered. */
    answered: Effect.gen(function* () {
      yield* Ref.set(asked, true)
      const before = yield* Ref.getAndSet(failing, undefined)
      if (before === undefined) return
      yield* Log.info("indexer.available", "The indexer answers again", {
        since: iso(before.since),
        unavailable_ms: (yield* Clock.currentTimeMillis) - before.since,
      })
    }),
    isFailing: Effect.map(Ref.get(failing), (since) => since !== undefined),
    state: Effect.gen(function* () {
      if ((yield* Ref.get(failing)) !== undefined) return "unavailable" as const
      return (yield* Ref.get(asked)) ? ("available" as const) : ("unknown" as const)
    }),
  }
})
