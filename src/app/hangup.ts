/** SIGHUP reads the configuration again, as it does of most services. */
import process from "node:process"
import { Effect, Queue } from "effect"
import { LiveConfiguration } from "../config/LiveConfiguration.ts"

const hangups = Effect.gen(function* () {
  const queue = yield* Queue.sliding<void>(1)
  const onHangup = () => {
    Queue.offerUnsafe(queue, undefined)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGHUP", onHangup)),
    () => Effect.sync(() => process.off("SIGHUP", onHangup)),
  )
  return queue
})

/** From now on a hangup does not end the process, for as long as the scope is open. Why one is refused is in the log. */
export const reloadOnHangup = Effect.gen(function* () {
  const queue = yield* hangups
  const { reload } = yield* LiveConfiguration
  yield* Queue.take(queue).pipe(
    Effect.andThen(Effect.ignore(reload("SIGHUP"))),
    Effect.forever,
    Effect.forkScoped,
  )
})
