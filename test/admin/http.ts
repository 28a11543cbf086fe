/** Requests as they go over the wire: neither path nor headers are mended on the way. */
import { request } from "node:http"
import { connect } from "node:net"
import { Effect, Result } from "effect"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
  /** `undefined` where it is none. */
  readonly json: unknown
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const parsed = (text: string): unknown =>
  Result.getOrUndefined(Result.try({ try: (): unknown => JSON.parse(text), catch: () => undefined }))

/** One request. Interrupting it closes its connection. */
export const send = (port: number, path: string, { body, headers, method = "GET" }: Ask = {}) =>
  Effect.callback<Answer, Error>((resume) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers: { ...headers } }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", (error) => resume(Effect.fail(error)))
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString()
        const { headers, statusCode = 0 } = response
        resume(Effect.succeed({ status: statusCode, headers, text, json: parsed(text) }))
      })
    })
    sent.on("error", (error) => resume(Effect.fail(error)))
    sent.end(body)
    return Effect.sync(() => sent.destroy())
  })

/** Sends text on a connection and waits for what comes back until the other side closes it. */
export const sendText = (port: number, text: string) =>
  Effect.callback<string>((resume) => {
    let reply = ""
    const socket = connect(port, "127.0.0.1", () => socket.write(text))
    socket.on("data", (chunk) => {
      reply += chunk.toString()
    })
    socket.on("error", () => undefined)
    socket.on("close", () => resume(Effect.succeed(reply)))
    return Effect.sync(() => socket.destroy())
  })
