/** Dead letters of a running `waybill run`, worked on by a command through its admin API. */
import { Effect, Option } from "effect"
import { AdminClient } from "../admin/client.ts"
import { DeadLetterError, type LetterFilter } from "../dead-letters/DeadLetters.ts"
import type { ReplayReport } from "../replay/replayLetters.ts"
import type { ReplayRequest } from "../replay/selection.ts"
import { StateLocked } from "../state-lock/StateLock.ts"
import type { LettersToPurge } from "./letters.ts"

/** Whether it failed because a `waybill run` has the lock: that one can be asked. */
export const isHeldByRun = (error: unknown): boolean =>
  error instanceof StateLocked && Option.exists(error.holder, ({ command }) => command === "waybill run")

const filterOf = ({ reason, source }: LetterFilter) => ({
  ...(reason === undefined ? {} : { reason }),
  ...(source === undefined ? {} : { source }),
})

/** Waits for its end; the run goes on with it when this is interrupted. */
export const replayByRun = Effect.fnUntraced(function* (request: ReplayRequest) {
  const { client, orExplain } = yield* AdminClient
  const { id, keys, limit, perSecond } = request
  const { complete, error, failures, ...counts } = yield* orExplain(
    client.dlq.replay({
      payload: {
        ...filterOf(request),
        ...(id === undefined ? {} : { id }),
        ...(keys === undefined ? {} : { keys }),
        ...(limit === undefined ? {} : { limit }),
        ...(perSecond === undefined ? {} : { rate: perSecond }),
      },
    }),
  )
  const report: ReplayReport = {
    counts,
    failures,
    complete,
    error: error === null ? undefined : new DeadLetterError({ message: error }),
  }
  return report
}, Effect.provide(AdminClient.layer))

export const lettersOfRun = Effect.gen(function* () {
  const { client, orExplain } = yield* AdminClient
  const letters: LettersToPurge = {
    pending: Effect.map(orExplain(client.healthz()), ({ dlq_stats }) => dlq_stats.pending_files),
    get: (name) =>
      client.dlq.get({ params: { id: name } }).pipe(
        Effect.asSome,
        Effect.catchTag("NotFound", () => Effect.succeedNone),
        orExplain,
      ),
    remove: (name) => Effect.asVoid(orExplain(client.dlq.remove({ params: { id: name } }))),
    purge: (filter) => Effect.asVoid(orExplain(client.dlq.purge({ query: filterOf(filter) }))),
  }
  return letters
})
