/**
 * The file itself: opened for appending, whole lines only, rotated by renaming.
 *
 * A write that the disk took in part leaves a torn line at the end, which logcollector does not read as long as its
 * newline is missing. It is never cut off again (a file that shrinks is read anew from its start): its rest is written
 * before anything else, or, after a crash, a newline, which makes one broken line of it.
 */
import { Clock, Duration, Effect, Exit, FileSystem, Option, Path, type PlatformError, Scope } from "effect"
import * as Log from "../../telemetry/log.ts"
import { isDue, rotatedName, tooMany } from "./rotation.ts"

export interface LogFileOptions {
  readonly path: string
  readonly maxBytes: number
  /** Rotated files that are kept. */
  readonly keep: number
  /** How long nothing is written before a rotation. */
  readonly settle: Duration.Duration
  /** The shortest time between two rotations. */
  readonly minInterval: Duration.Duration
  /** Whether each write waits for the disk. */
  readonly sync: boolean
  /** The id of the file's group. */
  readonly group?: number | undefined
}

interface Opened {
  readonly handle: FileSystem.File
  readonly scope: Scope.Closeable
  readonly inode: bigint | undefined
  readonly begunAt: number
  bytes: number
}

/** Owner writes, group reads: the events hold personal data. */
const MODE = 0o640
const NEWLINE = 10

export const makeLogFile = Effect.fnUntraced(function* (options: LogFileOptions) {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const { path } = options
  const rotation = { maxBytes: options.maxBytes, minIntervalMillis: Duration.toMillis(options.minInterval) }
  let opened: Opened | undefined
  let lastWriteAt = 0
  let rotateNotBefore = 0

  const close = Effect.suspend(() => {
    const scope = opened?.scope
    opened = undefined
    return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
  })
  yield* Effect.addFinalizer(() => close)

  const append = (file: Opened, bytes: Uint8Array) =>
    Effect.gen(function* () {
      const taken = yield* file.handle.write(bytes)
      file.bytes += taken
      lastWriteAt = yield* Clock.currentTimeMillis
      return taken
    }).pipe(Effect.uninterruptible)

  const lastByte = (bytes: number) =>
    Effect.gen(function* () {
      const handle = yield* fs.open(path, { flag: "r" })
      const buffer = new Uint8Array(1)
      yield* handle.seek(BigInt(bytes - 1), "start")
      yield* handle.read(buffer)
      return buffer[0]
    }).pipe(Effect.scoped)

  const openNow = Effect.gen(function* () {
    const scope = yield* Scope.make()
    const handle = yield* fs.open(path, { flag: "a", mode: MODE }).pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
    )
    const info = yield* handle.stat
    const now = yield* Clock.currentTimeMillis
    const bytes = Number(info.size)
    const file: Opened = {
      handle,
      scope,
      inode: Option.getOrUndefined(info.ino),
      begunAt: bytes === 0 ? now : Option.match(info.birthtime, { onNone: () => now, onSome: Number }),
      bytes,
    }
    opened = file
    if (bytes > 0)
      lastWriteAt = Math.max(lastWriteAt, Option.match(info.mtime, { onNone: () => now, onSome: Number }))
    if (info.type !== "File") return file
    if (bytes === 0) {
      // Whatever the umask says.
      yield* fs.chmod(path, MODE)
      if (options.group !== undefined)
        yield* fs.chown(
          path,
          Option.getOrElse(info.uid, () => -1),
          options.group,
        )
    } else if ((yield* lastByte(bytes)) !== NEWLINE) yield* append(file, Uint8Array.of(NEWLINE))
    return file
  }).pipe(Effect.tapError(() => close))

  /** The open file if it is still the one at its path. */
  const current = Effect.gen(function* () {
    const file = opened
    if (file === undefined) return undefined
    const there = yield* Effect.option(fs.stat(path))
    if (Option.isSome(there) && Option.getOrUndefined(there.value.ino) === file.inode) return file
    yield* close
    return undefined
  })

  const prune = Effect.gen(function* () {
    const folder = paths.dirname(path)
    const names = yield* fs.readDirectory(folder)
    yield* Effect.forEach(
      tooMany(names, paths.basename(path), options.keep),
      (name) => fs.remove(paths.join(folder, name), { force: true }),
      { discard: true },
    )
  })

  const rotate = Effect.fnUntraced(function* (file: Opened) {
    const settle = Duration.toMillis(options.settle)
    // A clock that was set back since must not make this wait as long as it was wrong.
    const rest = Math.min(settle, lastWriteAt + settle - (yield* Clock.currentTimeMillis))
    if (rest > 0) yield* Effect.sleep(Duration.millis(rest))
    const now = yield* Clock.currentTimeMillis
    const rotated = rotatedName(path, now)
    yield* fs.rename(path, rotated)
    yield* close
    yield* Log.info("writer.rotated", `${path} has been rotated`, {
      writer: "file",
      path,
      rotated: paths.basename(rotated),
      bytes: file.bytes,
    })
    yield* prune
  })

  /** A rotation that fails must not keep events from being written. */
  const rotateIfDue = Effect.fnUntraced(function* (file: Opened) {
    const now = yield* Clock.currentTimeMillis
    if (now < rotateNotBefore || !isDue(file, now, rotation)) return
    yield* rotate(file).pipe(
      Effect.catch((error: PlatformError.PlatformError) => {
        rotateNotBefore = now + rotation.minIntervalMillis
        return Log.warning(
          "writer.rotation_failed",
          `${path} could not be rotated, or an old one not removed (${error.reason._tag}); writing goes on. Check who may rename and remove files in its folder.`,
          { writer: "file", path, bytes: file.bytes },
        )
      }),
    )
  })

  return {
    /** Ready to be written to: opened, another one if it was moved away, rotated if that is due and `mayRotate`. */
    ready: Effect.fnUntraced(function* (
      mayRotate: boolean,
    ): Effect.fn.Return<Opened, PlatformError.PlatformError> {
      const file = (yield* current) ?? (yield* openNow)
      if (mayRotate) yield* rotateIfDue(file)
      return opened ?? (yield* openNow)
    }),
    /** Succeeds with how many of the bytes were taken. */
    append: (file: Opened, bytes: Uint8Array) => append(file, bytes),
    flush: (file: Opened) => (options.sync ? file.handle.sync : Effect.void),
  }
})
export type { Opened }
