/** A real HTTP server on an ephemeral port of 127.0.0.1 that answers as a test says. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Effect } from "effect"

export interface Received {
  /** From 1. */
  readonly nth: number
  readonly url: URL
  readonly headers: IncomingMessage["headers"]
}

export type Handler = (received: Received, response: ServerResponse) => void

export interface MspServer {
  readonly baseUrl: string
  readonly received: Array<Received>
}

/** Closed with the scope, open connections too. */
export const mspServer = (handler: Handler) =>
  Effect.acquireRelease(
    Effect.callback<MspServer & { readonly close: () => void }>((resume) => {
      const received: Array<Received> = []
      const server = createServer((request, response) => {
        const one = {
          nth: received.length + 1,
          url: new URL(request.url ?? "/", "http://localhost"),
          headers: request.headers,
        }
        received.push(one)
        handler(one, response)
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          server.close()
          server.closeAllConnections()
        }
        resume(Effect.succeed({ baseUrl: `http://127.0.0.1:${port}/v2`, received, close }))
      })
    }),
    (server) => Effect.sync(server.close),
  )

export const sendJson = (response: ServerResponse, body: unknown, status = 200, headers = {}): void => {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
  response.end(JSON.stringify(body))
}
