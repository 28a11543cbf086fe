/** An HTTP server that listens for as long as its scope is open, and says in a person's words why it can't. */
import type { Server } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { type Duration, Effect } from "effect"

export interface Listening {
  readonly host: string
  readonly port: number
  /** The section of the configuration that has `host` and `port`, e.g. `admin`. */
  readonly section: string
  /** What open requests have at the end to come to theirs. */
  readonly stopWithin: Duration.Input
}

const reasonOf = (cause: unknown, section: string): string => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)
  switch (code) {
    case "EADDRINUSE":
      return `${code} (another program listens there; stop it, or set ${section}.port)`
    case "EACCES":
      return `${code} (the user Waybill runs as may not; set ${section}.port above 1023)`
    case "EADDRNOTAVAIL":
      return `${code} (this machine has no such address; set ${section}.host)`
    default:
      return `${code} (check ${section}.host and ${section}.port)`
  }
}

/** Fails with what `failed` makes of the reason: a code of the system, and what to do about it. */
export const listen = Effect.fnUntraced(function* <E>(
  server: Server,
  { host, port, section, stopWithin }: Listening,
  failed: (reason: string) => E,
) {
  const http = yield* NodeHttpServer.make(() => server, {
    host,
    port,
    gracefulShutdownTimeout: stopWithin,
  }).pipe(Effect.mapError(({ cause }) => failed(reasonOf(cause, section))))
  // Finalizers run last first: after open requests had their time, and before the server waits for every connection.
  yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
  return http
})
