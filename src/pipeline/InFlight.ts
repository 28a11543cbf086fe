/**
 * Which events are on their way, over all feeds and replays.
 *
 * An id is in one pair of hands at a time, from the search for it until it is confirmed or a dead letter. Whoever else
 * has the same record (pushed and polled, or a letter that is replayed in two ways) waits that long: so it is sent once,
 * and no checkpoint passes it before it is settled.
 *
 * How many events may be written and not yet confirmed is the bound on Waybill's memory. By Little's law it also bounds
 * the rate, at `maxEvents` divided by the lag: 20,000 events and a lag of 15 s let 1,333 events through each second.
 */
import { Context, Deferred, Effect, Layer, Semaphore } from "effect"
import type { Event, EventType } from "../domain/Event.ts"

/** What one poll has hold of, so that it can be let go of where the poll was cut off in its middle. */
export interface Hands {
  /** The same for everybody, but what is claimed and taken by this one is in these hands. */
  readonly inFlight: InFlight["Service"]
  /** Lets go of all that is in them. The next one who has the same events must look for them first. */
  readonly letGo: Effect.Effect<void>
}

export class InFlight extends Context.Service<
  InFlight,
  {
    /**
     * Waits until nobody else has any of them, and takes hold of all at once; what a feed has beside them is further on
     * its way, so that nobody waits in a circle. Succeeds with the ids that were waited for: they are settled by now.
     */
    readonly claim: (events: ReadonlyArray<Event>) => Effect.Effect<ReadonlySet<string>>
    /** Lets go of claimed events that are not to be written after all. */
    readonly forgo: (events: ReadonlyArray<Event>) => Effect.Effect<void>
    /**
     * Waits until so many more may be written; a batch larger than the bound waits until it is alone. Succeeds with
     * them, each once.
     */
    readonly take: (events: ReadonlyArray<Event>) => Effect.Effect<ReadonlyArray<Event>>
    /** Gives back what was taken, and lets go of it, once it is settled. */
    readonly release: (events: ReadonlyArray<Event>) => Effect.Effect<void>
    /** The latest own time of all events of this kind that were ever taken, epoch milliseconds. */
    readonly latest: (type: EventType) => number
    /** New and empty ones. */
    readonly hands: Effect.Effect<Hands>
  }
>()("waybill/pipeline/InFlight") {
  static readonly layer = (maxEvents: number): Layer.Layer<InFlight> =>
    Layer.effect(
      InFlight,
      Effect.map(Semaphore.make(maxEvents), (permits) => {
        const held = new Set<string>()
        let letGo = Deferred.makeUnsafe<void>()
        const latest = new Map<EventType, number>()
        const latestOf = (type: EventType) => latest.get(type) ?? Number.NEGATIVE_INFINITY
        const permitsFor = (events: ReadonlyArray<Event>) => Math.min(events.length, maxEvents)
        const claim = Effect.fnUntraced(function* (events: ReadonlyArray<Event>) {
          const waitedFor = new Set<string>()
          for (;;) {
            const taken = events.filter(({ id }) => held.has(id))
            if (taken.length === 0) break
            for (const { id } of taken) waitedFor.add(id)
            yield* Deferred.await(letGo)
          }
          for (const { id } of events) held.add(id)
          return waitedFor
        })
        const forgo = (events: ReadonlyArray<Event>) =>
          Effect.suspend(() => {
            for (const { id } of events) held.delete(id)
            const waited = letGo
            letGo = Deferred.makeUnsafe<void>()
            return Effect.asVoid(Deferred.succeed(waited, undefined))
          })
        const take = Effect.fnUntraced(function* (events: ReadonlyArray<Event>) {
          const each = [...new Map(events.map((event) => [event.id, event])).values()]
          yield* permits.take(permitsFor(each))
          for (const { timeMillis, type } of each)
            if (timeMillis > latestOf(type)) latest.set(type, timeMillis)
          return each
        })
        const release = (events: ReadonlyArray<Event>) =>
          Effect.andThen(forgo(events), permits.release(permitsFor(events)))

        const hands: Effect.Effect<Hands> = Effect.sync(() => {
          const claimed = new Map<string, Event>()
          const taken = new Set<ReadonlyArray<Event>>()
          const drop = (events: ReadonlyArray<Event>) => {
            for (const { id } of events) claimed.delete(id)
          }
          /** What is waited for may be cut off; that it is had and that it is noted may not be torn apart. */
          const noting = <A>(wait: Effect.Effect<A>, note: (had: A) => void) =>
            Effect.uninterruptibleMask((restore) =>
              Effect.tap(restore(wait), (had) => Effect.sync(() => note(had))),
            )
          return {
            inFlight: InFlight.of({
              ...all,
              claim: (events) =>
                noting(claim(events), () => {
                  for (const event of events) claimed.set(event.id, event)
                }),
              forgo: (events) =>
                Effect.tap(
                  forgo(events),
                  Effect.sync(() => drop(events)),
                ),
              take: (events) => noting(take(events), (each) => taken.add(each)),
              release: (events) =>
                Effect.suspend(() => {
                  drop(events)
                  return taken.delete(events) ? release(events) : forgo(events)
                }),
            }),
            letGo: Effect.suspend(() => {
              const [had, batches] = [[...claimed.values()], [...taken]]
              claimed.clear()
              taken.clear()
              return Effect.andThen(forgo(had), Effect.forEach(batches, release, { discard: true }))
            }),
          }
        })
        const all = InFlight.of({ claim, forgo, take, release, latest: latestOf, hands })
        return all
      }),
    )
}
