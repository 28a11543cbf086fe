/**
 * `logs/alerts/alerts.json`: one alert a line, written by the manager, read by the shipper.
 *
 * A real file, so that a backlog of any length lies on disk and not in memory.
 */
import { Effect, FileSystem, Path, type PlatformError, type Scope, Semaphore } from "effect"

export interface AlertsFile {
  readonly path: string
  readonly append: (lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** Bytes written so far, since it was last emptied. */
  readonly size: () => number
  /** Up to `most` bytes from `offset` on, cut after the last whole line. */
  readonly read: (offset: number, most: number) => Effect.Effect<Buffer>
  /** Empties it if it still ends at `offset`; answers whether it did. */
  readonly emptyAt: (offset: number) => Effect.Effect<boolean>
}

const NEWLINE = 10

export const makeAlertsFile = Effect.fnUntraced(function* (
  folder: string,
): Effect.fn.Return<
  AlertsFile,
  PlatformError.PlatformError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const path = (yield* Path.Path).join(folder, "alerts.json")
  yield* fs.makeDirectory(folder, { recursive: true })
  const writing = yield* fs.open(path, { flag: "a" })
  const reading = yield* fs.open(path, { flag: "r" })
  const lock = yield* Semaphore.make(1)
  let size = 0

  return {
    path,
    size: () => size,
    append: (lines) =>
      Effect.suspend(() => {
        const bytes = Buffer.from(`${lines.join("\n")}\n`)
        return writing.writeAll(bytes).pipe(
          Effect.tap(() =>
            Effect.sync(() => {
              size += bytes.length
            }),
          ),
        )
      }).pipe(lock.withPermit, Effect.orDie),
    read: (offset, most) =>
      Effect.gen(function* () {
        const bytes = Buffer.alloc(Math.max(0, Math.min(most, size - offset)))
        if (bytes.length === 0) return bytes
        yield* reading.seek(BigInt(offset), "start")
        const got = Number(yield* reading.read(bytes))
        return bytes.subarray(0, bytes.subarray(0, got).lastIndexOf(NEWLINE) + 1)
      }).pipe(lock.withPermit, Effect.orDie),
    emptyAt: (offset) =>
      Effect.gen(function* () {
        if (offset !== size) return false
        yield* writing.truncate(0)
        size = 0
        return true
      }).pipe(lock.withPermit, Effect.orDie),
  }
})
