/**
 * How many events may be written and not yet confirmed, over all feeds: the bound on Waybill's memory.
 *
 * By Little's law it also bounds the rate, at `maxEvents` divided by the lag: 20,000 events and a lag of 15 s let
 * 1,333 events through each second.
 */
import { Context, Effect, Layer, Semaphore } from "effect"

export class InFlight extends Context.Service<
  InFlight,
  {
    /** Waits until so many more may be written. A batch larger than the bound waits until it is alone. */
    readonly take: (events: number) => Effect.Effect<void>
    /** Gives them back once they are settled. */
    readonly release: (events: number) => Effect.Effect<void>
  }
>()("waybill/pipeline/InFlight") {
  static readonly layer = (maxEvents: number): Layer.Layer<InFlight> =>
    Layer.effect(
      InFlight,
      Effect.map(Semaphore.make(maxEvents), (permits) => {
        const bounded = (events: number) => Math.min(events, maxEvents)
        return InFlight.of({
          take: (events) => Effect.asVoid(permits.take(bounded(events))),
          release: (events) => Effect.asVoid(permits.release(bounded(events))),
        })
      }),
    )
}
