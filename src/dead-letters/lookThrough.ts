/**
 * The letters of a folder one after the other, for whoever looks at it from outside, beside a running Waybill or not.
 * It reads only as far as it is asked for, and changes nothing.
 */
import { Effect, FileSystem, Option, Result, Stream } from "effect"
import type { StoredLetter } from "./DeadLetters.ts"
import { folderError, folderStorage } from "./folderStorage.ts"
import { fileNameOf, inOrder, type Key, keyOf, keyOfFile, parseKey } from "./keys.ts"
import { readLetter } from "./letterText.ts"
import { skipped } from "./scan.ts"

const READERS = 8

export const lookThrough = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const storage = yield* folderStorage(folder)
  const isThere = yield* fs
    .exists(folder)
    .pipe(Effect.mapError(folderError(`${folder} cannot be looked into`)))
  const names = isThere ? yield* storage.names : []
  const keys = names.flatMap((name) => keyOfFile(name) ?? []).sort(inOrder)

  /** None: it has just been removed, or it is no letter, and named as such. */
  const read = Effect.fnUntraced(function* (key: string) {
    const text = yield* storage.read(fileNameOf(key))
    if (Option.isNone(text)) return Option.none<StoredLetter>()
    const file = readLetter(text.value)
    if (Result.isSuccess(file)) return Option.some<StoredLetter>({ key, file: file.success })
    yield* skipped(fileNameOf(key), storage, file.failure)
    return Option.none<StoredLetter>()
  })

  return {
    /** Files with a letter's name. */
    pending: keys.length,
    get: (key: string) =>
      parseKey(key) === undefined ? Effect.succeed(Option.none<StoredLetter>()) : read(key),
    /** Those behind the cursor, oldest first. */
    letters: (cursor: Key | undefined) =>
      Stream.fromIterable(keys.filter((key) => cursor === undefined || inOrder(key, cursor) > 0)).pipe(
        Stream.mapEffect((key) => read(keyOf(key)), { concurrency: READERS }),
        Stream.filter(Option.isSome),
        Stream.map(({ value }) => value),
      ),
  }
})
