/**
 * One question to one of the manager's own stream sockets (`queue/sockets/analysis`, `queue/sockets/logtest`).
 *
 * Each message, there and back, is a 4-byte little-endian length and that many bytes of JSON (OS_SendSecureTCP and
 * OS_RecvSecureTCP in src/os_net/os_net.c). analysisd closes the connection after its answer
 * (src/analysisd/asyscom.c), so every question has a connection of its own; a peer that keeps it open is left.
 */
import * as Net from "node:net"
import { Data, type Duration, Effect } from "effect"

export type ManagerSocketErrorReason =
  | "missing"
  | "refused"
  | "forbidden"
  | "timed-out"
  | "invalid"
  | "failed"

export class ManagerSocketError extends Data.TaggedError("ManagerSocketError")<{
  readonly reason: ManagerSocketErrorReason
  /** What happened, and at which socket. */
  readonly message: string
}> {}

export interface Question {
  /** The socket's path. */
  readonly path: string
  readonly body: unknown
  /** For the whole exchange. */
  readonly timeout: Duration.Input
  /** The longest answer that is read, in bytes. */
  readonly maxBytes: number
}

const REASONS: Readonly<Record<string, ManagerSocketErrorReason>> = {
  ENOENT: "missing",
  ECONNREFUSED: "refused",
  EACCES: "forbidden",
  EPERM: "forbidden",
}

const HEADER_BYTES = 4

/** The message with its length before it. */
export const frame = (body: unknown): Buffer => {
  const text = Buffer.from(JSON.stringify(body), "utf8")
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(text.length)
  return Buffer.concat([header, text])
}

const exchange = ({ path, body, maxBytes }: Question) =>
  Effect.callback<string, ManagerSocketError>((resume) => {
    const fail = (reason: ManagerSocketErrorReason, what: string) =>
      resume(Effect.fail(new ManagerSocketError({ reason, message: `${path}: ${what}` })))
    let received = Buffer.alloc(0)
    const socket = Net.connect({ path })
    socket.on("connect", () => socket.write(frame(body)))
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length < HEADER_BYTES) return
      const length = received.readUInt32LE()
      if (length > maxBytes) {
        socket.destroy()
        return fail("invalid", `announced an answer of ${length} bytes, over the limit of ${maxBytes}`)
      }
      if (received.length < HEADER_BYTES + length) return
      socket.destroy()
      resume(Effect.succeed(received.toString("utf8", HEADER_BYTES, HEADER_BYTES + length)))
    })
    socket.on("error", (cause: NodeJS.ErrnoException) =>
      fail(REASONS[cause.code ?? ""] ?? "failed", cause.code ?? cause.message),
    )
    socket.on("close", () => fail("invalid", "closed the connection before its answer was whole"))
    return Effect.sync(() => {
      socket.destroy()
    })
  })

/** Asks, and succeeds with the answer's text. */
export const ask = (question: Question): Effect.Effect<string, ManagerSocketError> =>
  Effect.timeoutOrElse(exchange(question), {
    duration: question.timeout,
    orElse: () =>
      Effect.fail(
        new ManagerSocketError({ reason: "timed-out", message: `${question.path}: did not answer in time` }),
      ),
  })
