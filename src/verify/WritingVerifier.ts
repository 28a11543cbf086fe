/**
 * The verifier of the modes that do not search while they run: what is written counts as settled at once.
 *
 * It proves nothing, and whoever configures it is told so at every start (`verify.limited`). What it does keep is that
 * nothing is sent twice on purpose: each poll fetches its overlap again, so the ids that this run has written are
 * remembered, some hours of them.
 *
 * What a run before has written is not remembered. With `startup-only` it is looked up in the index: an event from
 * before the start of this run may be there, a later one can't. With `off` nobody is asked.
 */
import { Clock, Effect, Layer } from "effect"
import { Indexer } from "../indexer/Indexer.ts"
import * as Log from "../telemetry/log.ts"
import { Verifier, type VerifierStatus } from "./Verifier.ts"
import { Witnesses } from "./Witnesses.ts"

/** Ids that are remembered: some 20 MB, and fourteen hours of a thousand flows each quarter. */
const REMEMBERED = 50_000

const makeMemory = () => {
  const ids = new Set<string>()
  return {
    has: (id: string): boolean => ids.has(id),
    add: (more: Iterable<string>): void => {
      for (const id of more) {
        ids.delete(id)
        ids.add(id)
      }
      for (const id of ids) {
        if (ids.size <= REMEMBERED) return
        ids.delete(id)
      }
    },
  }
}

const NOTHING_OUT: VerifierStatus = {
  batches: 0,
  events: 0,
  oldestWrittenAt: undefined,
  lagMillis: undefined,
  indexer: "unknown",
  stalled: undefined,
  lost: 0,
  duplicated: 0,
}

type Lookup = (ids: ReadonlyArray<string>, since: number) => Effect.Effect<ReadonlyMap<string, number>>

const make = (lookup: Lookup) => {
  const memory = makeMemory()
  return Verifier.of({
    confirm: ({ ids, writtenAt }) =>
      Effect.sync(() => {
        memory.add(ids)
        return { _tag: "Confirmed", confirmedAt: writtenAt, duplicated: 0 }
      }),
    known: Effect.fnUntraced(function* ({ ids, since }) {
      const found = new Map(ids.flatMap((id): Array<[string, number]> => (memory.has(id) ? [[id, 1]] : [])))
      const rest = ids.filter((id) => !found.has(id))
      if (rest.length === 0) return found
      const indexed = yield* lookup(rest, since)
      memory.add(indexed.keys())
      return new Map([...found, ...indexed])
    }),
    status: Effect.succeed(NOTHING_OUT),
    watch: Effect.never,
  })
}

/** `off`: never asks anybody. */
export const layer: Layer.Layer<Verifier | Witnesses> = Layer.sync(Verifier, () =>
  make(() => Effect.succeed(new Map())),
).pipe(Layer.merge(Witnesses.none))

/**
 * `startup-only`: asks for what an earlier run may have written. An indexer that does not answer holds nothing up;
 * then those events are written again, with a warning.
 *
 * @param clockSkew milliseconds
 */
export const layerLookingBack = (clockSkew: number): Layer.Layer<Verifier | Witnesses, never, Indexer> =>
  Layer.effect(
    Verifier,
    Effect.gen(function* () {
      const indexer = yield* Indexer
      const startedAt = yield* Clock.currentTimeMillis
      return make((ids, since) =>
        since > startedAt + clockSkew
          ? Effect.succeed(new Map())
          : indexer
              .copies({ ids, since: since - clockSkew })
              .pipe(
                Effect.catch((error) =>
                  Effect.as(
                    Log.warning(
                      "verify.not_searched",
                      `${ids.length} events may be in the index already and are written again: ${error.message}`,
                      { reason: error.reason, events: ids.length },
                    ),
                    new Map<string, number>(),
                  ),
                ),
              ),
      )
    }),
  ).pipe(Layer.merge(Witnesses.none))
