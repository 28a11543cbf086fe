/**
 * Files that are whole or not there, whatever crashes: written beside, flushed, renamed, and the folder flushed too.
 */
import { Effect, FileSystem, Path, PlatformError } from "effect"

const encoder = new TextEncoder()

/** Owner only: what Waybill keeps on disk may hold personal data. */
export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700

/**
 * With the system's own words, such as `ENOSPC: no space left on device`, and a path where there was only the number of
 * an open file: whoever reads the message must know which disk to look at, and what for.
 */
const inFullWords =
  (path: string) =>
  (error: PlatformError.PlatformError): PlatformError.PlatformError => {
    const { reason } = error
    if (reason._tag === "BadArgument" || !(reason.cause instanceof Error)) return error
    const { _tag, module, method, pathOrDescriptor, cause } = reason
    return PlatformError.systemError({
      ...{ _tag, module, method, cause, description: reason.cause.message },
      pathOrDescriptor: typeof pathOrDescriptor === "string" ? pathOrDescriptor : path,
    })
  }

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
  // Both at once: every step is a turn of its own on the threads that Node has for files.
  const open = Effect.all(
    [fs.open(folder, { flag: "r" }), fs.open(temporary, { flag: "w", mode: FILE_MODE })],
    { concurrency: 2 },
  )
  yield* Effect.gen(function* () {
    const [names, file] = yield* open
    yield* file.writeAll(encoder.encode(text))
    yield* file.sync
    yield* beforeRename
    yield* fs.rename(temporary, path)
    // A rename is only safe on disk once its folder is flushed.
    yield* names.sync
  }).pipe(
    Effect.scoped,
    Effect.onError(() => fs.remove(temporary, { force: true }).pipe(Effect.ignore)),
    Effect.mapError(inFullWords(temporary)),
  )
}, Effect.uninterruptible)
