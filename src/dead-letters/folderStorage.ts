/** Letters in a folder: files of 0600 in a folder of 0700, each whole or not there. */
import { Effect, FileSystem, Option, Path, type PlatformError, Predicate } from "effect"
import { writeDurably } from "../durable-files/durableFile.ts"
import { DeadLetterError } from "./DeadLetters.ts"
import type { Storage } from "./Storage.ts"

const isFull = (error: PlatformError.PlatformError): boolean =>
  Predicate.hasProperty(error.reason, "cause") &&
  Predicate.hasProperty(error.reason.cause, "code") &&
  (error.reason.cause.code === "ENOSPC" || error.reason.cause.code === "EDQUOT")

const isMissing = (error: PlatformError.PlatformError): boolean => error.reason._tag === "NotFound"

/** @param what ends in the folder's name, e.g. `A dead letter cannot be written to /var/lib/waybill/dlq` */
export const folderError = (what: string) => (error: PlatformError.PlatformError) =>
  new DeadLetterError({
    message: isFull(error)
      ? `${what}: the disk is full. Make room on it.`
      : `${what}: ${error.message}. Check that dlq.base_path is a folder that Waybill's user can read and write.`,
    noSpace: isFull(error),
  })

export const folderStorage = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  return {
    path: folder,
    write: (name, text) =>
      writeDurably(path.join(folder, name), text).pipe(
        Effect.provide(services),
        Effect.mapError(folderError(`A dead letter cannot be written to ${folder}`)),
      ),
    read: (name) =>
      fs.readFileString(path.join(folder, name)).pipe(
        Effect.map(Option.some),
        Effect.catchIf(isMissing, () => Effect.succeed(Option.none<string>())),
        Effect.mapError(folderError(`${name} cannot be read from ${folder}`)),
      ),
    remove: (name) =>
      fs
        .remove(path.join(folder, name), { force: true })
        .pipe(Effect.mapError(folderError(`${name} cannot be removed from ${folder}`))),
    names: fs
      .readDirectory(folder)
      .pipe(Effect.mapError(folderError(`The dead letters cannot be listed in ${folder}`))),
  } satisfies Storage
})
