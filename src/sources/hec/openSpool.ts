/** Opens the spool's file, or says why that can't be done. */
import { randomBytes } from "node:crypto"
import { Effect, FileSystem, Path } from "effect"
import { FILE_MODE, FOLDER_MODE } from "../../durable-files/durableFile.ts"
import { loadSqlite } from "../../durable-files/loadSqlite.ts"
import { SpoolUnusable } from "./Spool.ts"
import { SpoolFile } from "./SpoolFile.ts"

const FILE = "spool.db"

const whyNot = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const adviceFor = (message: string): string =>
  /locked|busy/i.test(message)
    ? "Another Waybill uses it: stop that one, or give this one a source.hec.spool.path of its own."
    : /unable to open|readonly|EACCES|permission|full/i.test(message)
      ? "Check the permissions of source.hec.spool.path, and the free space."
      : "It holds events that senders were told are safe. Restore it from a backup, or save what can be saved with " +
        "sqlite3's .recover; if it is given up, move the file away, and Waybill makes a new one."

/** @param folder `source.hec.spool.path`; made when it is missing. */
export const openSpool = Effect.fnUntraced(function* (folder: string, maxPages?: number) {
  const fs = yield* FileSystem.FileSystem
  const path = (yield* Path.Path).join(folder, FILE)
  const unusable = (cause: unknown) => {
    const message = whyNot(cause)
    return new SpoolUnusable({
      message: `The spool ${path} can't be used: ${message}. ${adviceFor(message)}`,
    })
  }
  const { DatabaseSync } = yield* loadSqlite
  yield* fs.makeDirectory(folder, { recursive: true, mode: FOLDER_MODE }).pipe(
    // Made here, because SQLite would make it readable by others; its other files take on the mode of this one.
    Effect.andThen(Effect.scoped(fs.open(path, { flag: "a", mode: FILE_MODE }))),
    Effect.mapError(unusable),
  )
  return yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        const db = new DatabaseSync(path)
        try {
          return new SpoolFile(db, randomBytes(8).toString("hex"), maxPages)
        } catch (cause) {
          db.close()
          throw cause
        }
      },
      catch: unusable,
    }),
    (file) => Effect.sync(() => file.close()),
  )
})
