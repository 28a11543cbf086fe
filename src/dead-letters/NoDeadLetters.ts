/** `dlq.enabled: false`: nothing can be set aside, so a failure holds its feed; it never makes an event vanish. */
import { Effect, Layer, Option } from "effect"
import * as Log from "../telemetry/log.ts"
import { DeadLetterError, DeadLetters } from "./DeadLetters.ts"

const nothing = DeadLetters.of({
  ready: Effect.void,
  put: ({ envelope, error }) =>
    new DeadLetterError({
      message: `${error} (event ${envelope.id}). It cannot be set aside because dlq.enabled is false: the feed holds until dlq.enabled is true.`,
    }),
  has: () => false,
  find: () => undefined,
  stats: Effect.succeed({
    enabled: false,
    reading: false,
    written: 0,
    pending: 0,
    bytes: 0,
    base_path: undefined,
  }),
  check: Effect.void,
  list: () => Effect.succeed({ letters: [], next: undefined }),
  get: () => Effect.succeed(Option.none()),
  remove: () => Effect.succeed(false),
  purge: () => Effect.succeed(0),
  failedAgain: () => Effect.succeed(false),
})

/** Says at the start what that means. */
export const layer: Layer.Layer<DeadLetters> = Layer.effect(
  DeadLetters,
  Effect.as(
    Log.warning(
      "dead_letter.disabled",
      "dlq.enabled is false: a record that can't be delivered holds its feed until somebody sees to it; nothing is set aside, and nothing vanishes.",
    ),
    nothing,
  ),
)

/** For whoever only looks. */
export const layerLooking: Layer.Layer<DeadLetters> = Layer.succeed(DeadLetters, nothing)
