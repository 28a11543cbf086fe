/** What the proof of a loss and the canary ask of each other. One implementation provides it beside `Verifier`. */
import { Context, Effect, Layer } from "effect"
import type { Written } from "./Verifier.ts"

export class Witnesses extends Context.Service<
  Witnesses,
  {
    /** Waits until later events are needed for a proof and none are on their way; succeeds with how many. */
    readonly wanted: Effect.Effect<number>
    /** Lets only one at a time send canaries. */
    readonly inTurn: <A, E, R>(sending: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Canaries have been written. They are never proven lost themselves: that would need more canaries. */
    readonly written: (canaries: Written) => Effect.Effect<void>
    /** Whether canaries are being handed to the writer at this moment: for long only when it holds. */
    readonly writing: (busy: boolean) => Effect.Effect<void>
    /**
     * Waits until everything that was written before, by this run or an earlier one, has arrived or never will; the
     * same proof as that of a loss. Succeeds with the lag of the canary that came first, in milliseconds.
     */
    readonly barrier: Effect.Effect<number>
    /** Milliseconds since anything has arrived; undefined before anything has. */
    readonly quietMillis: Effect.Effect<number | undefined>
  }
>()("waybill/verify/Witnesses") {
  /** For a run that proves nothing and so wants no canaries. */
  static readonly none: Layer.Layer<Witnesses> = Layer.succeed(Witnesses, {
    wanted: Effect.never,
    inTurn: (sending) => sending,
    written: () => Effect.void,
    writing: () => Effect.void,
    barrier: Effect.succeed(0),
    quietMillis: Effect.succeed(0),
  })
}
