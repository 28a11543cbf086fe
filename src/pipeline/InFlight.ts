/**
 * What is written and not yet confirmed, over all feeds: how much it may be, the bound on Waybill's memory; and which
 * events they are, because neither the index nor a dead letter knows of them, and nobody else may send them meanwhile.
 *
 * By Little's law it also bounds the rate, at `maxEvents` divided by the lag: 20,000 events and a lag of 15 s let
 * 1,333 events through each second.
 */
import { Context, Effect, Layer, Semaphore } from "effect"
import type { Event, EventType } from "../domain/Event.ts"

/** Which of these ids are out, or were since this began: a search that began later says nothing about them. */
export interface Watch {
  readonly ids: ReadonlySet<string>
  readonly seen: Set<string>
}

export class InFlight extends Context.Service<
  InFlight,
  {
    /** Begins before these ids are searched for, and ends with the `take` that is given it. */
    readonly watch: (ids: ReadonlyArray<string>) => Effect.Effect<Watch>
    /**
     * Waits until so many more may be written; a batch larger than the bound waits until it is alone. Succeeds with
     * those that are now out by this, without the ones that another batch delivers or has delivered meanwhile.
     */
    readonly take: (events: ReadonlyArray<Event>, watch?: Watch) => Effect.Effect<ReadonlyArray<Event>>
    /** Gives them back once they are settled. */
    readonly release: (events: ReadonlyArray<Event>) => Effect.Effect<void>
    /** The latest own time of all events of this kind that were ever taken, epoch milliseconds. */
    readonly latest: (type: EventType) => number
  }
>()("waybill/pipeline/InFlight") {
  static readonly layer = (maxEvents: number): Layer.Layer<InFlight> =>
    Layer.effect(
      InFlight,
      Effect.map(Semaphore.make(maxEvents), (permits) => {
        const out = new Set<string>()
        const watches = new Set<Watch>()
        const latest = new Map<EventType, number>()
        const latestOf = (type: EventType) => latest.get(type) ?? Number.NEGATIVE_INFINITY
        const permitsFor = (events: ReadonlyArray<Event>) => Math.min(events.length, maxEvents)
        return InFlight.of({
          watch: (ids) =>
            Effect.sync(() => {
              const watch = { ids: new Set(ids), seen: new Set(ids.filter((id) => out.has(id))) }
              watches.add(watch)
              return watch
            }),
          take: Effect.fnUntraced(function* (events, watch) {
            yield* permits.take(permitsFor(events))
            // Only now, because another batch may have taken some of them while this one waited.
            if (watch !== undefined) watches.delete(watch)
            const free: Array<Event> = []
            for (const event of events) {
              const { id, timeMillis, type } = event
              if (out.has(id) || watch?.seen.has(id) === true) continue
              free.push(event)
              out.add(id)
              for (const { ids, seen } of watches) if (ids.has(id)) seen.add(id)
              if (timeMillis > latestOf(type)) latest.set(type, timeMillis)
            }
            yield* permits.release(permitsFor(events) - permitsFor(free))
            return free
          }),
          release: (events) =>
            Effect.suspend(() => {
              for (const { id } of events) out.delete(id)
              return Effect.asVoid(permits.release(permitsFor(events)))
            }),
          latest: latestOf,
        })
      }),
    )
}
