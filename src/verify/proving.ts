/** The searches of a proof, and the shards that its evidence needs to know about. */
import { Clock, Effect } from "effect"
import { monotonicMillis } from "../domain/monotonicTime.ts"
import { Indexer, type Place } from "../indexer/Indexer.ts"
import { namedSince } from "./lag.ts"
import type { Waiting } from "./Outstanding.ts"
import type { Finding, Proof } from "./Proof.ts"
import type { Evidence } from "./Verifier.ts"

/** What `prove` has found: a write, and why all that is missing of it is lost. */
export type Proven = readonly [Waiting, Omit<Evidence, "graceMillis">]

export const makeProving = Effect.fnUntraced(function* (proof: Proof, skewMillis: number) {
  const indexer = yield* Indexer
  /** An index never changes its number of shards. */
  const shardsOf = new Map<string, number>()

  const sight = Effect.fnUntraced(function* (places: ReadonlyArray<Place>) {
    proof.sighted(places, yield* Clock.currentTimeMillis)
    for (const { index } of places)
      if (!shardsOf.has(index)) shardsOf.set(index, yield* indexer.shards(index))
  })

  return {
    /** The most shards of an index seen so far. */
    mostShards: Effect.sync(() => Math.max(0, ...shardsOf.values())),
    /** Looks where these lie, only to have seen something in the index of the day. */
    sight: (ids: ReadonlyArray<string>, since: number) =>
      indexer.places({ ids, since: since - skewMillis }).pipe(Effect.flatMap(sight)),
    /** Asks what can be asked now. */
    prove: Effect.gen(function* () {
      const begunAt = yield* monotonicMillis
      const findings = new Map<Waiting, Array<Finding>>()
      for (const question of proof.questions(begunAt)) {
        const { ids, since } = question
        const places = yield* indexer.places({ ids, since: namedSince(since, skewMillis) })
        yield* sight(places)
        for (const [one, finding] of proof.findings(question, places, shardsOf))
          findings.set(one, [...(findings.get(one) ?? []), finding])
      }
      const times = { begunAt, now: yield* monotonicMillis, wallNow: yield* Clock.currentTimeMillis }
      return [...findings].flatMap(([one, found]): ReadonlyArray<Proven> => {
        const evidence = proof.conclude(one, found, times)
        return evidence === undefined
          ? []
          : [[one, { ...evidence, shards: shardsOf.get(evidence.index) ?? 0 }]]
      })
    }),
  }
})
