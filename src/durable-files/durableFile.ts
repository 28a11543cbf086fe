/**
 * Files that are whole or not there, whatever crashes: written beside, flushed, renamed, and the folder flushed too.
 *
 * Node's own calls and not Effect's `FileSystem`: each step is a turn on another thread, so there are as few of them as
 * durability needs: five. With eight, and a fiber's turn for each, a dead letter took half as long again (`npm run
 * bench -- dlq`).
 */
import { closeSync, constants, fsync, open, rename, writeFile } from "node:fs"
import { promisify } from "node:util"
import { Effect, FileSystem, Path, PlatformError, Predicate } from "effect"

/** Owner only: what Waybill keeps on disk may hold personal data. */
export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700

/** A write to such a file returns when the disk has it; no flush of its own is needed. */
const NEW_AND_FLUSHED = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC

const node = {
  open: promisify(open),
  writeFile: promisify(writeFile),
  rename: promisify(rename),
  fsync: promisify(fsync),
}

/** As Effect's own `FileSystem` names them; the rest is `Unknown`. */
const TAGS: Readonly<Record<string, PlatformError.SystemErrorTag>> = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EEXIST: "AlreadyExists",
  EISDIR: "BadResource",
  ENOTDIR: "BadResource",
  ELOOP: "BadResource",
  EBUSY: "Busy",
}

/**
 * With the system's own words, such as `ENOSPC: no space left on device`, and the path: whoever reads the message must
 * know which disk to look at, and what for.
 */
const step = (method: string, path: string, run: () => Promise<void>) =>
  Effect.tryPromise({
    try: run,
    catch: (cause) =>
      PlatformError.systemError({
        _tag: (Predicate.hasProperty(cause, "code") && TAGS[String(cause.code)]) || "Unknown",
        module: "FileSystem",
        method,
        pathOrDescriptor: path,
        description: cause instanceof Error ? cause.message : String(cause),
        cause,
      }),
  })

const write = async (path: string, text: string): Promise<void> => {
  const file = await node.open(path, NEW_AND_FLUSHED, FILE_MODE)
  try {
    await node.writeFile(file, text)
  } finally {
    // Has nothing left to write, and so nothing to wait for.
    closeSync(file)
  }
}

/** A rename is only safe on disk once its folder is flushed. */
const putInPlace = async (from: string, to: string, folder: string): Promise<void> => {
  const names = await node.open(folder, "r")
  try {
    await node.rename(from, to)
    await node.fsync(names)
  } finally {
    closeSync(names)
  }
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
  const { remove } = yield* FileSystem.FileSystem
  const folder = (yield* Path.Path).dirname(path)
  const temporary = `${path}.tmp`
  yield* step("write", temporary, () => write(temporary, text)).pipe(
    Effect.andThen(beforeRename),
    Effect.andThen(step("rename", path, () => putInPlace(temporary, path, folder))),
    Effect.onError(() => remove(temporary, { force: true }).pipe(Effect.ignore)),
  )
}, Effect.uninterruptible)
