/** A batch that is not confirmed for long is warned of, again and again. */
import { Effect } from "effect"
import * as Log from "../telemetry/log.ts"
import type { Waiting } from "./Outstanding.ts"

/** Warns if `afterMillis` are over since the write or the last warning; `now` is epoch milliseconds. */
export const warnIfLate = Effect.fnUntraced(function* (one: Waiting, now: number, afterMillis: number) {
  if (now - one.warnedAt < afterMillis) return
  one.warnedAt = now
  const { feed, batch, ids, writtenAt } = one.written
  yield* Log.warning(
    "batch.unconfirmed",
    `${one.missing.size} of ${ids.length} events of ${batch} are not in the index yet; ` +
      "its feed holds until they are. Check that the manager and Filebeat run and that the indexer takes new documents.",
    {
      feed,
      batch,
      missing: one.missing.size,
      events: ids.length,
      since: new Date(writtenAt).toISOString(),
      waiting_ms: now - writtenAt,
    },
  )
})
