/** Whether a letter could be kept, before there is one. */
import { Effect, Option } from "effect"
import { DeadLetterError } from "./DeadLetters.ts"
import type { Storage } from "./Storage.ts"

const NAME = "self_test.json"
const TEXT = "a dead letter could be kept here\n"

/** Writes, reads and removes a file in the way of a letter. */
export const selfTest = Effect.fnUntraced(function* (storage: Storage) {
  yield* storage.write(NAME, TEXT)
  const found = yield* storage.read(NAME)
  yield* storage.remove(NAME)
  if (Option.getOrUndefined(found) !== TEXT)
    return yield* new DeadLetterError({
      message: `What is written to ${storage.path} can't be read back as it was. Check the disk of dlq.base_path.`,
    })
})
