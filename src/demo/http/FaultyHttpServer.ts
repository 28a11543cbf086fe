/**
 * An HTTP server on 127.0.0.1 that can misbehave as real peers do: hang, hang up in the middle of a body, be gone.
 *
 * Built on node:http and not on Effect's HttpServer, because that one can't answer half a body or give up its port
 * and take it back.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import { Effect, FiberSet, type Scope } from "effect"

export interface Request {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Reply =
  | {
      readonly _tag: "Answer"
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
    }
  /** Announces the whole body, sends half of it and hangs up. */
  | { readonly _tag: "Truncated"; readonly body: string }
  /** Never answers; the connection stays open. */
  | { readonly _tag: "Hang" }
  | { readonly _tag: "HangUp" }

export const json = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({
  _tag: "Answer",
  status,
  headers: { "content-type": "application/json; charset=UTF-8", ...headers },
  body: JSON.stringify(value),
})

export const text = (
  status: number,
  body: string,
  contentType = "text/plain; charset=UTF-8",
  headers: Readonly<Record<string, string>> = {},
): Reply => ({ _tag: "Answer", status, headers: { "content-type": contentType, ...headers }, body })

export interface FaultyHttpServer {
  /** `http://127.0.0.1:<port>`; the same over `goDown` and `comeBack`. */
  readonly url: string
  /** Closes the port and every connection: a new one is refused. */
  readonly goDown: Effect.Effect<void>
  readonly comeBack: Effect.Effect<void>
}

const send = (response: ServerResponse, reply: Reply): void => {
  if (response.destroyed) return
  switch (reply._tag) {
    case "Hang":
      return
    case "HangUp":
      response.destroy()
      return
    case "Truncated": {
      const body = Buffer.from(reply.body)
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length })
      response.write(body.subarray(0, body.length >> 1), () => response.destroy())
      return
    }
    case "Answer": {
      const body = Buffer.from(reply.body)
      response.writeHead(reply.status, { ...reply.headers, "content-length": body.length })
      response.end(body)
    }
  }
}

const readBody = (request: IncomingMessage): Effect.Effect<string> =>
  Effect.callback<string>((resume) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8"))))
  })

/**
 * Serves until its scope closes. `handle` must not fail; a defect in it answers 500.
 *
 * @param socketPath of a unix socket, in place of a port
 */
export const listen = Effect.fnUntraced(function* (
  handle: (request: Request) => Effect.Effect<Reply>,
  socketPath?: string,
): Effect.fn.Return<FaultyHttpServer, never, Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<never>()
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://simulator")
    const { method = "GET", headers } = request
    run(
      readBody(request).pipe(
        Effect.flatMap((body) =>
          handle({ method, path: decodeURIComponent(url.pathname), query: url.searchParams, headers, body }),
        ),
        Effect.catchCause((cause) => Effect.succeed(text(500, `The simulator failed: ${cause}`))),
        Effect.map((reply) => send(response, reply)),
      ),
    )
  })
  server.keepAliveTimeout = 60_000

  const open = (port: number) =>
    Effect.callback<number>((resume) => {
      const at = socketPath === undefined ? { port, host: "127.0.0.1" } : { path: socketPath }
      server.listen(at, () => {
        const address = server.address()
        resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : port))
      })
    })
  const goDown = Effect.callback<void>((resume) => {
    if (!server.listening) return resume(Effect.void)
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })
  const port = yield* Effect.acquireRelease(open(0), () => goDown)
  return {
    url: `http://127.0.0.1:${port}`,
    goDown,
    comeBack: Effect.suspend(() => (server.listening ? Effect.void : Effect.asVoid(open(port)))),
  }
})
