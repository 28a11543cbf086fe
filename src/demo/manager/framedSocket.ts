/**
 * A stream socket as `queue/sockets/analysis` and `queue/sockets/logtest` are: each message a 4-byte little-endian length
 * and JSON.
 *
 * The real daemon takes one request a connection and closes it after its reply (src/analysisd/asyscom.c, logtest.c).
 */
import { createServer, type Server, type Socket } from "node:net"
import { Effect, type Scope } from "effect"

const HEADER = 4

/** What is replied to the text of one request. */
export type Answer = (request: string) => unknown

const frame = (value: unknown): Buffer => {
  const body = Buffer.from(JSON.stringify(value))
  const header = Buffer.alloc(HEADER)
  header.writeUInt32LE(body.length)
  return Buffer.concat([header, body])
}

const serveConnection = (socket: Socket, answer: Answer, keepOpen: boolean): void => {
  let pending = Buffer.alloc(0)
  socket.on("error", () => socket.destroy())
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= HEADER) {
      const length = pending.readUInt32LE(0)
      if (pending.length < HEADER + length) return
      const request = pending.toString("utf8", HEADER, HEADER + length)
      pending = pending.subarray(HEADER + length)
      const reply = frame(answer(request))
      if (keepOpen) socket.write(reply)
      else return void socket.end(reply)
    }
  })
}

/** Listens until its scope closes, which also removes the file. */
export const serveFramed = (
  path: string,
  answer: Answer,
  keepOpen: boolean,
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly server: Server; readonly open: Set<Socket> }>((resume) => {
      const open = new Set<Socket>()
      const server = createServer((socket) => {
        open.add(socket)
        socket.on("close", () => open.delete(socket))
        serveConnection(socket, answer, keepOpen)
      })
      server.on("error", (cause) => resume(Effect.die(cause)))
      server.listen(path, () => resume(Effect.succeed({ server, open })))
    }),
    ({ server, open }) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of open) socket.destroy()
      }),
  ).pipe(Effect.asVoid)
