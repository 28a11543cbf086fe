/** Dead letters that a test can look at, and that outlast what it calls a process. */
import { Effect, Layer } from "effect"
import { type DeadLetter, DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import * as MemoryDeadLetters from "../../src/dead-letters/MemoryDeadLetters.ts"

/** @param letters by event id; those in it wait from the start */
export const recordedLetters = (letters: Map<string, DeadLetter>): Layer.Layer<DeadLetters> =>
  Layer.effect(
    DeadLetters,
    Effect.map(DeadLetters, (below) =>
      DeadLetters.of({
        ...below,
        put: (letter) =>
          Effect.andThen(
            below.put(letter),
            Effect.sync(() => void letters.set(letter.envelope.id, letter)),
          ),
        has: (id) => letters.has(id),
      }),
    ),
  ).pipe(Layer.provide(MemoryDeadLetters.layer()))
