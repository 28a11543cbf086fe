/** An address that Waybill listens on: free for it, or a running Waybill's already. */
import { readFile } from "node:fs/promises"
import { createServer } from "node:net"
import { Effect } from "effect"
import { HttpClientRequest } from "effect/http"
import { makeExchange } from "../writers/http/Exchange.ts"
import { type Check, fail, type Hop, ok } from "./Check.ts"

export interface Listener {
  readonly hop: Hop
  /** The section of the configuration, such as `source.hec`. */
  readonly section: string
  readonly host: string
  readonly port: number
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined
  /** What a running Waybill answers there with 200. */
  readonly health: string
}

/** Takes the address for a moment; answers why it could not. */
const tryListening = ({ host, port }: Listener) =>
  Effect.callback<string | undefined>((resume) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) =>
      resume(Effect.succeed(error.code ?? error.message)),
    )
    server.listen({ host, port, exclusive: true }, () =>
      server.close(() => resume(Effect.succeed(undefined))),
    )
  })

const anyAddress: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" }

/** Whether a Waybill answers there; its certificate does not matter, since nothing is told to it. */
const answers = Effect.fnUntraced(
  function* ({ health, host, port, tls }: Listener) {
    const exchange = yield* makeExchange({ timeoutSeconds: 3, tls: { rejectUnauthorized: false } })
    const at = anyAddress[host] ?? (host.includes(":") ? `[${host}]` : host)
    const url = `${tls === undefined ? "http" : "https"}://${at}:${port}${health}`
    const { status } = yield* exchange(HttpClientRequest.get(url))
    return status === 200
  },
  Effect.scoped,
  Effect.orElseSucceed(() => false),
)

const unreadable = (file: string) =>
  Effect.tryPromise({ try: () => readFile(file), catch: (cause) => cause }).pipe(
    Effect.as(undefined),
    Effect.catch((cause) => Effect.succeed(cause instanceof Error ? cause.message : file)),
  )

const run = Effect.fnUntraced(function* (listener: Listener) {
  const { host, port, section, tls } = listener
  for (const file of tls === undefined ? [] : [tls.certFile, tls.keyFile]) {
    const why = yield* unreadable(file)
    if (why !== undefined)
      return fail(
        `${section}.tls can't be read: ${why}.`,
        "Check both paths, and that Waybill's user may read them.",
      )
  }
  const where = `${host}:${port}`
  const code = yield* tryListening(listener)
  switch (code) {
    case undefined:
      return ok(port === 0 ? `Any free port of ${host} will be taken.` : `${where} is free.`)
    case "EADDRINUSE":
      return (yield* answers(listener))
        ? ok(`A running Waybill answers at ${where}.`)
        : fail(`Another program listens at ${where}.`, `Stop it, or set ${section}.port.`)
    case "EACCES":
      return fail(`Waybill's user may not listen at ${where}.`, `Set ${section}.port above 1023.`)
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return fail(`This machine has no address ${host}.`, `Set ${section}.host.`)
    default:
      return fail(`Waybill can't listen at ${where} (${code}).`, `Check ${section}.host and ${section}.port.`)
  }
})

export const listenerCheck = (listener: Listener): Check => ({
  hop: listener.hop,
  needs: [],
  run: run(listener),
})
