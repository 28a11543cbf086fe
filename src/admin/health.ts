/** `/healthz` and `/readyz`: read from memory alone, so that they answer whatever else is stuck. */
import { Clock, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Configuration } from "../config/Configuration.ts"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import { Stop } from "../pipeline/Stop.ts"
import { Feeds } from "../sources/Source.ts"
import { RunStatus, totals, untold } from "../status/RunStatus.ts"
import { Verifier } from "../verify/Verifier.ts"
import { AdminApi } from "./api.ts"
import { isStalled, readiness } from "./readiness.ts"
import type { Health } from "./shapes.ts"

const make = Effect.gen(function* () {
  const { dlq, verify } = yield* Configuration
  const feeds = (yield* Feeds).map(({ name }) => name)
  const status = yield* RunStatus
  const verifier = yield* Verifier
  const letters = yield* DeadLetters
  const stop = yield* Stop

  const healthz = Effect.fnUntraced(function* (): Effect.fn.Return<Health> {
    const run = yield* status.snapshot
    const verifying = yield* verifier.status
    const { enabled, pending, written } = yield* letters.stats
    const { failed, processed, stored } = totals(run)
    return {
      uptime_seconds: Math.floor(((yield* Clock.currentTimeMillis) - run.startedAt) / 1000),
      processed,
      failed,
      stored,
      dlq_written: written,
      dlq_stats: { enabled, written, pending_files: pending, base_path: dlq.base_path },
      feeds: feeds.map((feed) => {
        const { checkpoint, counts, failure } = run.feeds.get(feed) ?? untold(feed)
        return {
          feed,
          outstanding: counts.outstanding,
          committed_at: checkpoint?.committed_at ?? null,
          stalled: isStalled(counts, verifying),
          failing: failure !== undefined,
        }
      }),
    }
  })

  const readyz = Effect.fnUntraced(function* () {
    const parts = readiness({
      run: yield* status.snapshot,
      stopping: yield* stop.isRequested,
      searches: verify.mode === "always",
      verifier: yield* verifier.status,
      reading: (yield* letters.stats).reading,
      feeds,
    })
    return parts.every(({ ready }) => ready)
      ? { ready: true as const, parts }
      : { ready: false as const, parts }
  })
  return { healthz, readyz }
})

export const layer = HttpApiBuilder.group(AdminApi, "health", (handlers) =>
  Effect.map(make, ({ healthz, readyz }) => handlers.handleAll({ healthz, readyz })),
)
