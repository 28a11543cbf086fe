/** Opens the file of receipts: to keep them, or to read beside whoever keeps them. */
import type { DatabaseSync } from "node:sqlite"
import { Data, Effect, FileSystem, Path, Predicate } from "effect"
import { FILE_MODE, FOLDER_MODE } from "../durable-files/durableFile.ts"
import { loadSqlite } from "../durable-files/loadSqlite.ts"
import { ReceiptsFile, UnusableReceipts } from "./ReceiptsFile.ts"

export const FILE = "receipts.db"

/** SQLite can't do it. `isBroken`: and never will, because the file is not what it should be. */
export class SqliteFailed extends Data.TaggedError("SqliteFailed")<{
  readonly message: string
  readonly isBroken: boolean
}> {}

/** SQLITE_CORRUPT and SQLITE_NOTADB, see sqlite.org/rescode.html; extended codes have them in their lowest byte. */
const BROKEN = [11, 26]

export const failedWith = (cause: unknown): SqliteFailed => {
  const code = Predicate.hasProperty(cause, "errcode") ? Number(cause.errcode) & 0xff : undefined
  return new SqliteFailed({
    message: cause instanceof Error ? cause.message : String(cause),
    isBroken: cause instanceof UnusableReceipts || (code !== undefined && BROKEN.includes(code)),
  })
}

/** How long SQLite may wait, blocking this thread, for another process that reads; milliseconds. */
const BUSY = 100

const opened = (open: () => DatabaseSync, role: "writer" | "reader") =>
  Effect.try({
    try: () => {
      const db = open()
      try {
        return new ReceiptsFile(db, role)
      } catch (cause) {
        db.close()
        throw cause
      }
    },
    catch: failedWith,
  })

/** Made when it is missing. The caller closes it. */
export const openToKeep = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = (yield* Path.Path).join(folder, FILE)
  const { DatabaseSync } = yield* loadSqlite
  yield* fs.makeDirectory(folder, { recursive: true, mode: FOLDER_MODE }).pipe(
    // Made here, because SQLite would make it readable by others; its other files take on the mode of this one.
    Effect.andThen(Effect.scoped(fs.open(path, { flag: "a", mode: FILE_MODE }))),
    Effect.mapError(failedWith),
  )
  return yield* opened(() => new DatabaseSync(path, { timeout: BUSY }), "writer")
})

/** For as long as the scope lasts. */
export const openToRead = Effect.fnUntraced(function* (path: string) {
  const { DatabaseSync } = yield* loadSqlite
  return yield* Effect.acquireRelease(
    opened(() => new DatabaseSync(path, { readOnly: true, timeout: 10 * BUSY }), "reader"),
    (file) => Effect.sync(() => file.close()),
  )
})

/** Takes a broken file out of the way, in the place of the one before. Succeeds with where it is now. */
export const setAside = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = (yield* Path.Path).join(folder, FILE)
  const aside = `${path}.broken`
  yield* fs.rename(path, aside).pipe(Effect.mapError(failedWith))
  // They belong to the broken file, and SQLite would take them for the new one's.
  for (const name of [`${path}-wal`, `${path}-shm`])
    yield* fs.remove(name, { force: true }).pipe(Effect.mapError(failedWith))
  return aside
})
