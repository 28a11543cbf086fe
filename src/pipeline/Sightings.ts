/** Of which kinds of events something has been seen in this run, and written when. See `verify/sight.ts`. */
import { Context, Effect, Layer, Semaphore } from "effect"
import type { Event } from "../domain/Event.ts"
import { type Sighted, UNSEEN } from "../verify/sight.ts"

/** What rules and roles tell events by: where they come from and what they are. */
export const kindOf = ({ envelope, type }: Event): string => `${type} ${envelope.source_type}`

/** More sourcetypes than senders have. One that is forgotten counts as never seen: slower, not wrong. */
const MOST_KINDS = 10_000

export class Sightings extends Context.Service<
  Sightings,
  {
    /** @param startedAt when the write began, epoch milliseconds; -Infinity for one of an earlier run */
    readonly sawEvents: (events: ReadonlyArray<Event>, startedAt: number) => void
    readonly sawCanary: (kind: string, startedAt: number) => void
    readonly of: (kind: string) => Sighted
    /** One at a time of those that wait for the same kind looks for it. */
    readonly inTurn: (kind: string) => <A, E, R>(looking: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  }
>()("waybill/pipeline/Sightings") {
  static readonly layer: Layer.Layer<Sightings> = Layer.sync(Sightings, () => {
    const kinds = new Map<string, Sighted>()
    const turns = new Map<string, Semaphore.Semaphore>()
    const of = (kind: string): Sighted => kinds.get(kind) ?? UNSEEN
    const change = (kind: string, changed: Sighted) => {
      kinds.delete(kind)
      kinds.set(kind, changed)
      for (const oldest of kinds.keys()) {
        if (kinds.size <= MOST_KINDS) return
        kinds.delete(oldest)
        turns.delete(oldest)
      }
    }
    const later = (before: number | undefined, now: number) => Math.max(before ?? now, now)
    return {
      of,
      sawEvents: (events, startedAt) => {
        for (const kind of new Set(events.map(kindOf)))
          change(kind, { ...of(kind), event: later(of(kind).event, startedAt) })
      },
      sawCanary: (kind, startedAt) =>
        change(kind, { ...of(kind), canary: later(of(kind).canary, startedAt) }),
      inTurn: (kind) => (looking) =>
        Effect.suspend(() => {
          const turn = turns.get(kind) ?? Semaphore.makeUnsafe(1)
          turns.set(kind, turn)
          return turn.withPermit(looking)
        }),
    }
  })
}
