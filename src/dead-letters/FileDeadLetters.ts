/** Dead letters as one JSON file each, in a folder that one process at a time writes to (the state lock sees to that). */
import { Effect, FileSystem, Layer } from "effect"
import { FOLDER_MODE } from "../durable-files/durableFile.ts"
import * as Log from "../telemetry/log.ts"
import { DeadLetterError, DeadLetters } from "./DeadLetters.ts"
import { folderError, folderStorage } from "./folderStorage.ts"
import { keepLetters, type Limits } from "./keepLetters.ts"
import type { Storage } from "./Storage.ts"
import { find } from "./scan.ts"
import { selfTest } from "./selfTest.ts"

export interface FileDeadLettersOptions extends Limits {
  /** `dlq.base_path` of the config; made when it is missing. */
  readonly folder: string
}

const ADVICE = "Without a place for dead letters nothing could be set aside; dlq.enabled: false runs without."

/**
 * A folder that can't work is known before it is needed. What a person has to mend (no such disk, no permission) ends
 * the start, as with the state folder; a full disk does not: deliveries need no letters, and a purge makes room.
 */
const testAtStart = (storage: Storage) =>
  Effect.catchTag(selfTest(storage), "DeadLetterError", (error) =>
    error.noSpace === true
      ? Log.error(
          "dead_letter.failed",
          `${error.message} Until then a record that can't be delivered holds its feed.`,
        )
      : new DeadLetterError({ message: `${error.message} ${ADVICE}` }),
  )

const make = Effect.fnUntraced(function* ({ folder, ...limits }: FileDeadLettersOptions) {
  const fs = yield* FileSystem.FileSystem
  yield* fs
    .makeDirectory(folder, { recursive: true, mode: FOLDER_MODE })
    .pipe(Effect.mapError(folderError(`The folder ${folder} cannot be made`)))
  const storage = yield* folderStorage(folder)
  yield* testAtStart(storage)
  return yield* keepLetters(storage, limits, yield* find(storage, true))
})

/** There at once, while the letters of an earlier run are being read. */
export const layerReading = (options: FileDeadLettersOptions) => Layer.effect(DeadLetters, make(options))

/** There when they are read. */
export const layer = (options: FileDeadLettersOptions) =>
  Layer.effect(
    DeadLetters,
    Effect.tap(make(options), ({ ready }) => ready),
  )

/** For whoever only looks, beside a run or not: makes, cleans and changes nothing, and needs no folder to be there. */
export const layerLooking = (folder: string) =>
  Layer.effect(
    DeadLetters,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const isThere = yield* fs
        .exists(folder)
        .pipe(Effect.mapError(folderError(`${folder} cannot be looked into`)))
      const onlyLooks = () =>
        new DeadLetterError({ message: `The dead letters in ${folder} are only looked at.` })
      const below = yield* folderStorage(folder)
      const storage: Storage = {
        ...below,
        names: isThere ? below.names : Effect.succeed([]),
        write: onlyLooks,
        remove: onlyLooks,
      }
      const letters = yield* keepLetters(storage, { maxFiles: 0, maxBytes: 0 }, yield* find(storage, false))
      yield* letters.ready
      return letters
    }),
  )
