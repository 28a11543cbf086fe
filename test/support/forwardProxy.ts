/** What stands between Waybill and an API in the tests: an HTTP proxy for CONNECT, and TLS before an API. */
import { readFileSync } from "node:fs"
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http"
import { createServer as createTlsServer } from "node:https"
import { connect, type Socket } from "node:net"
import { Effect } from "effect"
import type { Certificate } from "./opensearch/certificates.ts"

const listening = (server: Server, sockets: Set<Socket>) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.on("connection", (socket: Socket) => {
        sockets.add(socket)
        socket.on("error", () => socket.destroy())
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      }),
  )

/** @param answer the status of the nth CONNECT, from 1; 200 opens the way, 0 breaks the connection, `hang` says nothing */
export const connectProxy = Effect.fnUntraced(function* (
  answer: (nth: number, request: IncomingMessage) => number | "hang" = () => 200,
) {
  const asked: Array<IncomingMessage> = []
  const sockets = new Set<Socket>()
  const server = createServer((_, response) => response.writeHead(400).end())
  server.on("connect", (request, socket, head) => {
    asked.push(request)
    const status = answer(asked.length, request)
    socket.on("error", () => socket.destroy())
    if (status === "hang") return
    if (status === 0) socket.destroy()
    else if (status !== 200) socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
    else {
      const [host = "", port] = (request.url ?? "").split(":")
      const beyond = connect(Number(port), host === "localhost" ? "127.0.0.1" : host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n")
        beyond.write(head)
        beyond.pipe(socket).pipe(beyond)
      })
      sockets.add(beyond)
      beyond.on("error", () => socket.destroy())
    }
  })
  return { port: yield* listening(server, sockets), asked }
})

/** An API over TLS, on 127.0.0.1. */
export const tlsServer = ({ certificate, key }: Certificate, handle: RequestListener) =>
  Effect.suspend(() =>
    listening(
      createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, handle),
      new Set(),
    ),
  )

/** Hands each request on to an API that speaks plain http. */
export const handOn =
  (url: string): RequestListener =>
  (request, response) => {
    const { headers, method = "GET" } = request
    const onward = httpRequest(new URL(request.url ?? "/", url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on("error", () => response.destroy())
    request.pipe(onward)
  }
