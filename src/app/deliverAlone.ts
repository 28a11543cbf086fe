/** How a command delivers while no `waybill run` does: what a run has beside its feeds, and a drain at the end. */
import { Effect, Fiber } from "effect"
import { Configuration } from "../config/Configuration.ts"
import { Stop } from "../pipeline/Stop.ts"
import { canaries, clearTheWay } from "../verify/Canary.ts"
import { Verifier } from "../verify/Verifier.ts"

/**
 * Does `work` once canaries have come through: what a killed run had handed over must be searchable before anything is
 * looked for. Interrupted, it waits for what is on its way, as `waybill run` does. Needs `Layers.deliveringLayer`.
 */
export const deliverAlone = Effect.fnUntraced(function* <A, E, R>(work: Effect.Effect<A, E, R>) {
  const { canary, shutdown } = yield* Configuration
  const verifier = yield* Verifier
  const stop = yield* Stop
  const way = Effect.raceFirst(clearTheWay({ resendAfter: () => canary.resend_after }), stop.requested)
  // Canaries run beside, because a loss can't be proven without later events.
  const beside = Effect.raceFirst(verifier.watch, canaries({ interval: () => canary.interval }))
  const working = yield* Effect.forkScoped(Effect.raceFirst(beside, Effect.andThen(way, work)))
  return yield* Fiber.join(working).pipe(
    Effect.onInterrupt(() =>
      stop.request.pipe(Effect.andThen(Fiber.await(working)), Effect.timeoutOption(shutdown.drain_timeout)),
    ),
  )
}, Effect.scoped)
