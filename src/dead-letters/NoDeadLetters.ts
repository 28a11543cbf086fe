/** `dlq.enabled: false`: nothing can be set aside, so a failure holds its feed; it never makes an event vanish. */
import { Effect, Layer } from "effect"
import { DeadLetterError, DeadLetters } from "./DeadLetters.ts"

export const layer: Layer.Layer<DeadLetters> = Layer.succeed(
  DeadLetters,
  DeadLetters.of({
    put: ({ envelope, error }) =>
      new DeadLetterError({
        message: `${error} (event ${envelope.id}). It cannot be set aside because dlq.enabled is false: the feed holds until dlq.enabled is true.`,
      }),
    has: () => false,
    written: Effect.succeed(0),
  }),
)
