/**
 * Only one process works on a state folder at a time: two of them would send the same events.
 *
 * The lock is flock(2) on `waybill.lock` in that folder, see `flock.ts`. What the file holds is for people: it names
 * the holder in the error message and decides nothing. The file stays when the lock is let go of, because removing it
 * could take it from under somebody who is just opening it.
 */
import { hostname } from "node:os"
import process from "node:process"
import { Clock, Data, Effect, FileSystem, Layer, Option, Path, Runtime, Schema } from "effect"
import { CliError } from "effect/cli"
import { FILE_MODE, FOLDER_MODE } from "../durable-files/durableFile.ts"
import * as Log from "../telemetry/log.ts"
import { type LockedFile, tryLock } from "./flock.ts"

export const LOCK_FILE = "waybill.lock"

/** Who has the lock. */
export const Holder = Schema.Struct({
  /** E.g. `waybill run`. */
  command: Schema.String,
  pid: Schema.Int,
  /** In a container: the container's id, which tells its process 1 from that of another. */
  host: Schema.String,
  /** ISO 8601 in UTC. */
  since: Schema.String,
})
export type Holder = typeof Holder.Type

const HolderJson = Schema.fromJsonString(Holder)
const decode = Schema.decodeUnknownOption(HolderJson)
const encode = Schema.encodeSync(HolderJson)

/** Another process works on the state folder. */
export class StateLocked extends Data.TaggedError("StateLocked")<{
  readonly folder: string
  /** None: it had not yet written who it is. */
  readonly holder: Option.Option<Holder>
  readonly advice: string
}> {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    const who = Option.match(this.holder, {
      onNone: () => "another Waybill",
      onSome: ({ command, host, pid, since }) => `\`${command}\` (process ${pid} on ${host}, since ${since})`,
    })
    return `${who} works on ${this.folder}, and only one process may at a time. ${this.advice}`
  }
  override get [CliError.userMessage]() {
    return this.message
  }
}

/** The lock can't even be tried for: the folder can't be made, or the file can't be opened. */
export class StateLockError extends Data.TaggedError("StateLockError")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

export interface StateLockOptions {
  /** `state.path` of the config; made when it is missing. */
  readonly folder: string
  /** What the others are told, e.g. `waybill run`. */
  readonly command: string
  /** What to do when somebody else has it; ends the error message. */
  readonly advice: string
}

/** Who has said last that it works on this folder, and not that it ended. A process that was killed says neither. */
export const holderOf = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.option(fs.readFileString((yield* Path.Path).join(folder, LOCK_FILE)))
  return Option.flatMap(text, decode)
})

const acquire = Effect.fnUntraced(function* ({ advice, command, folder }: StateLockOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, LOCK_FILE)
  const unusable = (cause: unknown) =>
    new StateLockError({
      message:
        `The state folder ${folder} cannot be locked: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        "Check that state.path can be written to by Waybill's user and has free space.",
    })

  yield* fs
    .makeDirectory(folder, { recursive: true, mode: FOLDER_MODE })
    .pipe(Effect.mapError((error) => unusable(error)))
  const lock = yield* Effect.try({ try: () => tryLock(file, FILE_MODE), catch: unusable })
  if (lock._tag === "Busy") {
    const holder = yield* fs.readFileString(file).pipe(Effect.option)
    return yield* new StateLocked({ folder, holder: Option.flatMap(holder, decode), advice })
  }
  if (lock._tag === "Unsupported") {
    yield* Log.warning(
      "state.lock_unsupported",
      `The file system of ${folder} has no locks (${lock.errno}); make sure that no second Waybill works on it`,
      { path: folder, errno: lock.errno },
    )
    return undefined
  }
  const since = new Date(yield* Clock.currentTimeMillis).toISOString()
  const text = encode({ command, pid: process.pid, host: hostname(), since })
  // A full disk must not keep Waybill from running: the lock holds without a name, too.
  yield* Effect.ignore(Effect.try(() => lock.file.write(`${text}\n`)))
  return lock.file
})

const release = (file: LockedFile | undefined) => Effect.ignore(Effect.try(() => file?.release()))

/** Holds the lock for as long as the layer lives. */
export const layer = (options: StateLockOptions) =>
  Layer.effectDiscard(Effect.acquireRelease(acquire(options), release))
