/**
 * The writer for a file that wazuh-logcollector follows, on this machine or on one that mounts the same folder.
 *
 * Lines keep their order over rotations, so all that is said about proofs holds. Taken means: handed to the file system;
 * what a crash of the machine takes away is proven missing like any other loss.
 */
import { Duration, Effect, type FileSystem, Layer, type Path, Semaphore } from "effect"
import { Pacing } from "../Pacing.ts"
import { Writer, WriterError } from "../Writer.ts"
import { explain, type Failure } from "./failures.ts"
import { makeLogFile, type Opened } from "./LogFile.ts"
import { linesOf, MAX_LINE_BYTES, maxEventBytes, written } from "./lines.ts"

export interface FileWriterOptions {
  readonly path: string
  /** It is rotated when it has grown to this, and at midnight in UTC. */
  readonly maxBytes: number
  /** Rotated files that are kept. */
  readonly keep: number
  /** How long nothing is written before a rotation, so that logcollector has read to the end. */
  readonly settle: Duration.Input
  /** The shortest time between two rotations; above the interval at which logcollector looks for a new file. */
  readonly minInterval: Duration.Input
  /** Whether each write waits for the disk. */
  readonly sync: boolean
  /** The id of the file's group. */
  readonly group?: number | undefined
}

/** A line of which a part is in the file. */
interface Torn {
  readonly event: string
  readonly rest: Uint8Array
  readonly inode: bigint | undefined
}

/** Events that wait for their permits at once. */
const MOST_PERMITS = 1000

const make = Effect.fnUntraced(function* (options: FileWriterOptions) {
  const pacing = yield* Pacing
  const { path } = options
  const maxBytes = maxEventBytes(path)
  const file = yield* makeLogFile({
    ...options,
    settle: Duration.fromInputUnsafe(options.settle),
    minInterval: Duration.fromInputUnsafe(options.minInterval),
  })
  const lock = yield* Semaphore.make(1)
  let torn: Torn | undefined
  /** Torn lines that were made whole on another feed's turn; whoever writes them again need not. */
  const repaired = new Set<string>()

  const fail = (failure: Failure, handedOver: number) => new WriterError({ ...failure, handedOver })

  /** Writes the rest of a torn line, if it is in this file. */
  const repair = Effect.fnUntraced(function* (opened: Opened) {
    while (torn !== undefined) {
      const { event, inode, rest } = torn
      if (inode !== opened.inode) {
        torn = undefined
        return
      }
      const taken = yield* file.append(opened, rest)
      torn = taken < rest.length ? { event, inode, rest: rest.subarray(taken) } : undefined
      if (torn === undefined) repaired.add(event)
    }
  })

  /** Writes some of the events, in one write; succeeds with how many. */
  const writeSome = Effect.fnUntraced(
    function* (events: ReadonlyArray<string>) {
      const before = yield* file.ready(false)
      yield* repair(before)
      const first = events[0]
      if (first !== undefined && repaired.delete(first)) return 1
      const opened = yield* file.ready(true)
      const lines = linesOf(events)
      const taken = yield* file.append(opened, lines.bytes)
      const result = written(lines, taken)
      const event = events[result.whole]
      if (result.torn > 0 && event !== undefined)
        torn = { event, inode: opened.inode, rest: lines.bytes.subarray(taken, lines.ends[result.whole]) }
      yield* file.flush(opened)
      return result.whole
    },
    Effect.mapError((error) => explain(error, path)),
  )

  const tooLong = (event: string): Failure => ({
    reason: "too-long",
    message: `The event has ${Buffer.byteLength(event)} bytes; wazuh-logcollector reads ${MAX_LINE_BYTES} a line, which leaves ${maxBytes}. It would cut the rest and lose the event.`,
  })

  const write = Effect.fnUntraced(function* (events: ReadonlyArray<string>) {
    const end = events.findIndex((event) => Buffer.byteLength(event) > maxBytes)
    const to = end === -1 ? events.length : end
    let at = 0
    while (at < to) {
      const permitted = yield* pacing.permits(Math.min(to - at, MOST_PERMITS))
      const until = at + permitted
      while (at < until) {
        const from = at
        at += yield* lock
          .withPermit(writeSome(events.slice(from, until)))
          .pipe(Effect.mapError((failure) => fail(failure, from)))
      }
    }
    const long = events[to]
    if (long !== undefined) return yield* fail(tooLong(long), to)
  })

  // Made at once: logcollector reads a file that it meets later on from its end, and after 8 looks it looks no more.
  yield* Effect.ignore(file.ready(false))
  return Writer.of({ kind: "file", maxBytes, write })
})

/** Makes the file, and holds it open until its scope closes. A folder that is missing is met in `write`. */
export const fileWriterLayer = (
  options: FileWriterOptions,
): Layer.Layer<Writer, never, Pacing | FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Writer, make(options))
