/**
 * Files that are whole or not there, whatever crashes: written beside, flushed, renamed, and the folder flushed too.
 */
import { Effect, FileSystem, Path, type PlatformError } from "effect"

const encoder = new TextEncoder()

/** Owner only: what Waybill keeps on disk may hold personal data. */
export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700

/** Makes the names in a folder durable (a rename is only safe on disk once its folder is flushed). */
export const syncFolder = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.scoped(Effect.flatMap(fs.open(folder, { flag: "r" }), (handle) => handle.sync))
})

/**
 * Puts `text` at `path`. When this succeeds it survives a crash of the machine; when it fails, what was at `path`
 * before is untouched. `beforeRename` runs between the two, e.g. to keep the old version under another name.
 */
export const writeDurably = Effect.fnUntraced(function* (
  path: string,
  text: string,
  beforeRename: Effect.Effect<void, PlatformError.PlatformError> = Effect.void,
) {
  const fs = yield* FileSystem.FileSystem
  const folder = (yield* Path.Path).dirname(path)
  const temporary = `${path}.tmp`
  yield* Effect.scoped(
    fs
      .open(temporary, { flag: "w", mode: FILE_MODE })
      .pipe(Effect.flatMap((file) => Effect.andThen(file.writeAll(encoder.encode(text)), file.sync))),
  ).pipe(
    Effect.andThen(beforeRename),
    Effect.andThen(fs.rename(temporary, path)),
    Effect.onError(() => fs.remove(temporary, { force: true }).pipe(Effect.ignore)),
  )
  yield* syncFolder(folder)
}, Effect.uninterruptible)
