/** The request to stop: fetching ends, what is on its way is still confirmed and committed. */
import { Context, Deferred, Effect, Layer } from "effect"

export class Stop extends Context.Service<
  Stop,
  {
    readonly request: Effect.Effect<void>
    /** Succeeds once a stop has been requested. */
    readonly requested: Effect.Effect<void>
    readonly isRequested: Effect.Effect<boolean>
  }
>()("waybill/pipeline/Stop") {
  static readonly layer: Layer.Layer<Stop> = Layer.effect(
    Stop,
    Effect.map(Deferred.make<void>(), (stop) =>
      Stop.of({
        request: Effect.asVoid(Deferred.succeed(stop, undefined)),
        requested: Deferred.await(stop),
        isRequested: Deferred.isDone(stop),
      }),
    ),
  )
}
