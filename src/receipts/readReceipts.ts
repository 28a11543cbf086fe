/** Receipts for a command that looks: it reads what a running Waybill keeps, or the last one has kept. */
import { Effect, FileSystem, Layer, Path } from "effect"
import { FILE, openToRead, type SqliteFailed } from "./openReceipts.ts"
import { Receipts, ReceiptsError, type ReceiptsShape } from "./Receipts.ts"
import type { ReceiptsFile } from "./ReceiptsFile.ts"

const make = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = (yield* Path.Path).join(folder, FILE)

  const failed = (error: SqliteFailed) =>
    new ReceiptsError({
      message: `Receipts can't be read in ${path}: ${error.message}. ${
        error.isBroken
          ? "A running Waybill sets such a file aside and begins a new one."
          : "May this user read and write in its folder? SQLite needs both, beside another process that writes."
      }`,
    })

  /** Where there is no file, nothing has ever been kept. */
  const asked = <A>(none: A, question: (file: ReceiptsFile) => A) =>
    Effect.gen(function* () {
      const isThere = yield* fs.exists(path)
      if (!isThere) return none
      const file = yield* openToRead(path)
      return yield* Effect.try({
        try: () => question(file),
        catch: (cause) =>
          new ReceiptsError({ message: `Receipts can't be read in ${path}: ${String(cause)}` }),
      })
    }).pipe(
      Effect.catchTags({
        SqliteFailed: failed,
        PlatformError: ({ message }) => new ReceiptsError({ message }),
      }),
      Effect.scoped,
    )

  return {
    begun: () => Effect.void,
    written: () => Effect.void,
    settled: () => Effect.void,
    indexed: () => Effect.void,
    find: (id) => asked([], (file) => file.find(id)),
    page: (query) => asked({ receipts: [], next: undefined }, (file) => file.page(query)),
    since: asked(undefined, (file) => file.since),
  } satisfies ReceiptsShape
})

export const layer = (folder: string): Layer.Layer<never, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Receipts, make(folder))
