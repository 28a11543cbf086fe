/** The searches that tell what of all that is out has arrived. */
import { Clock, Effect } from "effect"
import { monotonicMillis } from "../domain/monotonicTime.ts"
import { Indexer } from "../indexer/Indexer.ts"
import type { IndexerHealth } from "./IndexerHealth.ts"
import { namedSince } from "./lag.ts"
import { earliest, type Outstanding, type Question, type Waiting } from "./Outstanding.ts"
import type { Proof } from "./Proof.ts"
import type { Stall } from "./Stall.ts"

export interface Asking {
  readonly outstanding: Outstanding
  readonly proof: Proof
  readonly stall: Stall
  readonly health: IndexerHealth
  /** Milliseconds by which each search begins earlier than the write, at least. */
  readonly skew: number
  readonly maxIdsPerSearch: number
  /** Told of each write of which nothing is missing any more; `now`: epoch milliseconds; `index`: all of it is in there. */
  readonly onWhole: (one: Waiting, now: number, index: string | undefined) => Effect.Effect<void>
}

/** Some events of one write that the last answers have returned. */
export type Arrived = readonly [Waiting, ReadonlyArray<string>]

/** One look at everything. Succeeds with the newest write of which something has arrived, if any has. */
export const makeAsking = Effect.fnUntraced(function* (options: Asking) {
  const { health, onWhole, outstanding, proof, skew, stall } = options
  const indexer = yield* Indexer

  /** How far the index has come, whatever the backlog. A count confirms nothing: it says what is worth asking. */
  const count = Effect.gen(function* () {
    const writes = outstanding.countable(options.maxIdsPerSearch)
    if (writes.length === 0) return
    const batches = writes.map(({ written }) => written.batch)
    const counts = yield* indexer.tally({ batches, since: earliest(writes) - skew })
    yield* health.answered
    const more = outstanding.count(writes, counts)
    for (const one of more) proof.reached(one)
    if (more.length > 0) stall.arrived(yield* monotonicMillis)
  })

  const ask = Effect.fnUntraced(function* (question: Question) {
    const { ask, writtenSince } = question
    const { copies, index } = yield* ask._tag === "ByName"
      ? Effect.map(indexer.copies({ ids: ask.ids, since: namedSince(writtenSince, skew) }), (copies) => ({
          copies,
          index: undefined,
        }))
      : indexer.ofBatches({ batches: ask.batches, since: writtenSince - skew })
    yield* health.answered
    const now = yield* Clock.currentTimeMillis
    const mono = yield* monotonicMillis
    const { arrived, whole } = outstanding.settle(question, copies)
    for (const [one, ids] of arrived) {
      proof.saw(one, ids)
      stall.arrived(mono)
    }
    yield* Effect.forEach(whole, (one) => onWhole(one, now, index), { discard: true })
    return [...arrived].at(-1)
  })

  return Effect.gen(function* () {
    yield* count
    let newest: Arrived | undefined
    const probe = outstanding.probe()
    if (probe !== undefined) newest = yield* ask(probe)
    for (const question of outstanding.questions(options.maxIdsPerSearch, proof.isOverdue))
      newest = (yield* ask(question)) ?? newest
    return newest
  })
})
