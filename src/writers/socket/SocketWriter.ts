/**
 * The writer for the manager's own queue socket, `queue/sockets/queue`.
 *
 * A send costs a few microseconds and is done on the spot; only when the socket is full does it move to a thread,
 * which the kernel wakes at the moment there is room. Feeds take turns by chunks of what `Pacing` allows; the one
 * lock also makes sure that all permits of a chunk are used up before the next are asked for.
 */
import { Context, Duration, Effect, Layer, Schedule, Semaphore } from "effect"
import { MAX_MESSAGE_BYTES } from "../../domain/Event.ts"
import * as Log from "../../telemetry/log.ts"
import { Pacing } from "../Pacing.ts"
import { Writer, WriterError } from "../Writer.ts"
import { explain, isLostConnection } from "./failures.ts"
import { closeFd, connectDatagram, type Errno, sendBlocking, sendNow, setSendTimeout } from "./libc.ts"
import { makeMessageEncoder } from "./message.ts"

export interface SocketWriterOptions {
  /** The socket, e.g. `/var/ossec/queue/sockets/queue`; at most 107 bytes. */
  readonly path: string
  /** What Wazuh shows as the event's location, e.g. `waybill`. */
  readonly location: string
  /** How long a full socket is waited for before a write fails as `timed-out`. */
  readonly sendTimeout: Duration.Input
}

/** A blocking send can't be interrupted, so it is made of slices no longer than this. */
const SLICE_MILLIS = 1000

/** Three quick tries for a restart of analysisd: 100, 200 and 400 ms. Longer absences are the caller's to hold. */
const reconnecting = Schedule.exponential("100 millis", 2).pipe(Schedule.upTo({ times: 3 }))

class Disconnected {
  readonly _tag = "Disconnected"
  readonly errno: Errno
  constructor(errno: Errno) {
    this.errno = errno
  }
}

const make = Effect.fnUntraced(function* (options: SocketWriterOptions) {
  const pacing = yield* Pacing
  const { path } = options
  const encoder = yield* Effect.sync(() => makeMessageEncoder(options.location))
  const sendTimeout = Math.max(1, Duration.toMillis(Duration.fromInputUnsafe(options.sendTimeout)))
  const slice = Math.min(sendTimeout, SLICE_MILLIS)
  const slices = Math.ceil(sendTimeout / slice)
  const lock = yield* Semaphore.make(1)
  // Held while a thread sends: only afterwards may the descriptor be closed.
  const onThread = yield* Semaphore.make(1)
  let connection: number | undefined
  let closed = false

  const disconnect = () => {
    if (connection !== undefined) closeFd(connection)
    connection = undefined
  }
  yield* Effect.addFinalizer(() =>
    onThread.withPermit(
      Effect.sync(() => {
        closed = true
        disconnect()
      }),
    ),
  )

  const fail = (errno: Errno, handedOver: number) => new WriterError({ ...explain(errno, path), handedOver })

  const connectOnce = Effect.suspend((): Effect.Effect<number, Disconnected> => {
    if (connection !== undefined) return Effect.succeed(connection)
    const opened = closed ? "EBADF" : connectDatagram(path)
    if (typeof opened === "string") return Effect.fail(new Disconnected(opened))
    connection = opened.fd
    setSendTimeout(opened.fd, slice)
    return Effect.succeed(opened.fd)
  })
  const connect = (handedOver: number) =>
    Effect.retry(connectOnce, { schedule: reconnecting, while: ({ errno }) => isLostConnection(errno) }).pipe(
      Effect.mapError(({ errno }) => fail(errno, handedOver)),
    )

  /** Sends on the spot from `from` until `to`, a full or lost socket, or an event that is too long. */
  const sendMany = (fd: number, events: ReadonlyArray<string>, from: number, to: number) => {
    for (let index = from; index < to; index++) {
      const length = encoder.encode(events[index] ?? "")
      if (length === undefined) return { at: index, stop: "too-long" as const }
      const answer = sendNow(fd, encoder.buffer, length)
      if (answer !== "sent") return { at: index, stop: answer, length }
    }
    return { at: to, stop: undefined }
  }

  /** The message in the buffer, once more on a thread, for as long as the send timeout allows. */
  const sendWaiting = Effect.fnUntraced(function* (fd: number, length: number) {
    for (let turn = 1; ; turn++) {
      const answer = yield* Effect.promise(() => sendBlocking(fd, encoder.buffer, length)).pipe(
        onThread.withPermit,
        Effect.uninterruptible,
      )
      if (answer !== "EAGAIN" || turn >= slices) return answer
    }
  })

  const tooLong = (handedOver: number, event: string) =>
    new WriterError({
      reason: "too-long",
      handedOver,
      message: `The event has ${Buffer.byteLength(event)} bytes; with its header a message may have ${MAX_MESSAGE_BYTES}, which leaves ${encoder.maxBytes}. wazuh-analysisd would cut it and lose it.`,
    })

  /** Sends `from` to `to`, connecting again where the connection is lost. */
  const sendChunk = Effect.fnUntraced(function* (events: ReadonlyArray<string>, from: number, to: number) {
    let at = from
    let fresh = false
    while (at < to) {
      const fd = yield* connect(at)
      const result = sendMany(fd, events, at, to)
      if (result.at > at) fresh = false
      at = result.at
      if (result.stop === undefined) return
      if (result.stop === "too-long") return yield* tooLong(at, events[at] ?? "")
      const answer = result.stop === "EAGAIN" ? yield* sendWaiting(fd, result.length) : result.stop
      if (answer === "sent") {
        at += 1
        continue
      }
      if (!isLostConnection(answer) || fresh) return yield* fail(answer, at)
      disconnect()
      fresh = true
      yield* Log.info("writer.reconnecting", `The connection to ${path} was lost: connecting again`, {
        errno: answer,
      })
    }
  })

  const write = Effect.fnUntraced(function* (events: ReadonlyArray<string>) {
    let at = 0
    while (at < events.length) {
      const from = at
      at = yield* lock.withPermit(
        Effect.gen(function* () {
          // Connected first: no permits are spent on a manager that is away.
          yield* connect(from)
          const to = from + (yield* pacing.permits(events.length - from))
          yield* sendChunk(events, from, to)
          return to
        }),
      )
    }
  })

  return Context.make(Writer, { kind: "socket", maxBytes: encoder.maxBytes, write })
})

/** Connects on the first write, and closes when its scope does. Fails nowhere: a missing manager is met in `write`. */
export const socketWriterLayer = (options: SocketWriterOptions): Layer.Layer<Writer, never, Pacing> =>
  Layer.effectContext(make(options))
