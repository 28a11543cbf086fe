/**
 * wazuh-logcollector following one file with `<log_format>syslog</log_format>` and
 * `<only-future-events>no</only-future-events>` (src/logcollector of release 4.14):
 *
 * - Every `readEvery` (2 s) it reads what it has open to the end, whole lines only; of a line over 65,279 bytes it sends
 *   the beginning.
 * - Every `checkEvery` (64 s) it looks at the path: another inode, or a size below the one seen at the last look, and
 *   it closes what it has open, unread rest and all, and begins at the start of what is there.
 * - A file that it meets without having a saved place is read from its end on; with one, from there, unless what
 *   comes before the place has changed (then from the start) or more than `maxBehind` follows it (then from the end).
 * - While analysisd is away it waits with the line it has.
 */
import { createHash } from "node:crypto"
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs"
import { Duration, Effect, Fiber, type Scope } from "effect"
import { closeFd, connectDatagram, sendBlocking, sendNow, setSendTimeout } from "../../writers/socket/libc.ts"

export interface LogcollectorOptions {
  readonly path: string
  /** analysisd's datagram socket. */
  readonly socketPath: string
  /** 2 seconds when absent. */
  readonly readEvery?: Duration.Input
  /** 64 seconds when absent. */
  readonly checkEvery?: Duration.Input
  /** The attribute `max-size` of only-future-events, bytes; 10 MB when absent. */
  readonly maxBehind?: number
}

export interface SimulatedLogcollector {
  readonly start: Effect.Effect<void>
  /** Saves its place, as a stop does. */
  readonly stop: Effect.Effect<void>
  /** How often it began another file at the path. */
  readonly rotationsSeen: Effect.Effect<number>
}

/** OS_MAXSTR less OS_LOG_HEADER less the closing NUL: what its fgets takes. */
const MAX_LINE = 65_279
/** logcollector.max_lines of internal_options.conf. */
const MAX_LINES = 10_000
const NEWLINE = 10

interface Opened {
  readonly fd: number
  readonly inode: number
  /** At the last look. */
  size: number
  /** Up to where it has read. */
  at: number
}

const quietly = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

export const makeSimulatedLogcollector = Effect.fnUntraced(function* (
  options: LogcollectorOptions,
): Effect.fn.Return<SimulatedLogcollector, never, Scope.Scope> {
  const readEvery = Duration.fromInputUnsafe(options.readEvery ?? "2 seconds")
  const checkEvery = Duration.fromInputUnsafe(options.checkEvery ?? "64 seconds")
  const header = Buffer.from(`1:${options.path}:`)
  let file: Opened | undefined
  let saved: { readonly at: number; readonly hash: string } | undefined
  let rotations = 0
  let running: Fiber.Fiber<void> | undefined
  let socket: number | undefined

  const hashUpTo = (at: number) =>
    createHash("sha1").update(readFileSync(options.path).subarray(0, at)).digest("hex")

  /** As w_set_to_last_line_read. */
  const placeIn = (size: number): number => {
    if (saved === undefined) return size
    if (saved.at > size || hashUpTo(saved.at) !== saved.hash) return 0
    return size - saved.at > (options.maxBehind ?? 10_485_760) ? size : saved.at
  }
  const open = (from: "start" | "saved"): Opened | undefined =>
    quietly(() => {
      const fd = openSync(options.path, "r")
      const { ino, size } = fstatSync(fd)
      return { fd, inode: ino, size, at: from === "start" ? 0 : placeIn(size) }
    })
  const close = () => {
    if (file !== undefined) closeSync(file.fd)
    file = undefined
  }

  const disconnect = () => {
    if (socket !== undefined) closeFd(socket)
    socket = undefined
  }
  const connect = () => {
    if (socket !== undefined) return socket
    const connection = connectDatagram(options.socketPath)
    if (typeof connection === "string") return undefined
    setSendTimeout(connection.fd, 500)
    socket = connection.fd
    return socket
  }
  /** `onSent` runs with the success, whatever is interrupted: a line must not be read again. */
  const send = Effect.fnUntraced(function* (line: Buffer, onSent: () => void) {
    const message = Buffer.concat([header, line])
    while (true) {
      const fd = connect()
      const sent = fd === undefined ? "ENOENT" : sendNow(fd, message)
      if (sent === "sent") return onSent()
      if (fd !== undefined && sent === "EAGAIN") {
        const waited = yield* Effect.promise(() => sendBlocking(fd, message)).pipe(
          Effect.tap((answer) => Effect.sync(() => (answer === "sent" ? onSent() : undefined))),
          Effect.uninterruptible,
        )
        if (waited === "sent") return
      } else {
        disconnect()
        yield* Effect.sleep("20 millis")
      }
    }
  })

  /** The next line without its newline, and where the one after it begins; `undefined` at the end or in a torn line. */
  const lineAt = (text: Buffer, from: number) => {
    const end = text.indexOf(NEWLINE, from)
    return end === -1
      ? undefined
      : { line: text.subarray(from, Math.min(end, from + MAX_LINE)), next: end + 1 }
  }

  const read = Effect.gen(function* () {
    const current = file
    if (current === undefined) return
    const text = Buffer.alloc(Math.max(0, fstatSync(current.fd).size - current.at))
    const got = readSync(current.fd, text, 0, text.length, current.at)
    const begin = current.at
    let from = 0
    for (let lines = 0; lines < MAX_LINES; lines++) {
      const found = lineAt(text.subarray(0, got), from)
      if (found === undefined) return
      from = found.next
      const at = begin + from
      const onSent = () => {
        current.at = at
      }
      if (found.line.includes(0)) onSent()
      else yield* send(found.line, onSent)
    }
  })

  const check = () => {
    const current = file
    if (current === undefined) {
      file = open("saved")
      return
    }
    const there = quietly(() => statSync(options.path))
    if (there === undefined) return
    if (there.ino !== current.inode || there.size < current.size) {
      close()
      rotations += 1
      file = open("start")
    } else current.size = there.size
  }

  const every = (interval: Duration.Duration, work: Effect.Effect<void>) =>
    Effect.forever(Effect.andThen(Effect.sleep(interval), work))
  const run: Effect.Effect<void> = Effect.raceFirst(
    every(readEvery, read),
    every(checkEvery, Effect.sync(check)),
  )

  const stop = Effect.gen(function* () {
    if (running !== undefined) yield* Fiber.interrupt(running)
    running = undefined
    const at = file?.at
    if (at !== undefined) saved = quietly(() => ({ at, hash: hashUpTo(at) }))
    close()
    disconnect()
  })
  const scope = yield* Effect.scope
  yield* Effect.addFinalizer(() => stop)
  return {
    start: Effect.gen(function* () {
      if (running !== undefined) return
      file = open("saved")
      running = yield* Effect.forkIn(run, scope)
    }),
    stop,
    rotationsSeen: Effect.sync(() => rotations),
  }
})
