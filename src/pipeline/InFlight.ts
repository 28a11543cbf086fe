/**
 * How many events may be written and not yet confirmed, over all feeds: the bound on Waybill's memory.
 *
 * By Little's law it also bounds the rate, at `maxEvents` divided by the lag: 20,000 events and a lag of 15 s let
 * 1,333 events through each second.
 */
import { Context, Effect, Layer, Semaphore } from "effect"
import type { Event, EventType } from "../domain/Event.ts"

export class InFlight extends Context.Service<
  InFlight,
  {
    /** Waits until so many more may be written. A batch larger than the bound waits until it is alone. */
    readonly take: (events: ReadonlyArray<Event>) => Effect.Effect<void>
    /** Gives them back once they are settled. */
    readonly release: (events: ReadonlyArray<Event>) => Effect.Effect<void>
    /** Whether this id is out: neither the index nor a dead letter knows it yet, and it must not be sent again. */
    readonly has: (id: string) => boolean
    /** The latest own time of all events of this kind that were ever taken, epoch milliseconds. */
    readonly latest: (type: EventType) => number
  }
>()("waybill/pipeline/InFlight") {
  static readonly layer = (maxEvents: number): Layer.Layer<InFlight> =>
    Layer.effect(
      InFlight,
      Effect.map(Semaphore.make(maxEvents), (permits) => {
        const out = new Set<string>()
        const latest = new Map<EventType, number>()
        const latestOf = (type: EventType) => latest.get(type) ?? Number.NEGATIVE_INFINITY
        const permitsFor = (events: ReadonlyArray<Event>) => Math.min(events.length, maxEvents)
        return InFlight.of({
          take: (events) =>
            Effect.map(permits.take(permitsFor(events)), () => {
              for (const { id, timeMillis, type } of events) {
                out.add(id)
                if (timeMillis > latestOf(type)) latest.set(type, timeMillis)
              }
            }),
          release: (events) =>
            Effect.suspend(() => {
              for (const { id } of events) out.delete(id)
              return Effect.asVoid(permits.release(permitsFor(events)))
            }),
          has: (id) => out.has(id),
          latest: latestOf,
        })
      }),
    )
}
