/** A collector on a port of its own, over a spool in a temporary folder, and a client that sends it whatever it likes. */
import { request as httpRequest } from "node:http"
import { NodeServices } from "@effect/platform-node"
import { Context, Duration, Effect, FileSystem, Layer, Redacted } from "effect"
import { DeadLetters } from "../../../src/dead-letters/DeadLetters.ts"
import * as NoDeadLetters from "../../../src/dead-letters/NoDeadLetters.ts"
import { Stop } from "../../../src/pipeline/Stop.ts"
import { Spool } from "../../../src/sources/hec/Spool.ts"
import { type CollectorOptions, serveCollector } from "../../../src/sources/hec/server.ts"
import { type SpoolOptions, layer as spoolLayer } from "../../../src/sources/hec/sqliteSpool.ts"
import { allowing, type Sender } from "../../../src/sources/hec/tokens.ts"

export const CHANNEL = "0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba"

export const senderOf = (name: string, changes: Partial<Sender> = {}): Sender => ({
  name,
  token: Redacted.make(`token-of-${name}`),
  sourceType: "httpevent",
  allows: allowing("*", "httpevent"),
  ack: "optional",
  mayReplay: false,
  ...changes,
})

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: unknown
}

export interface Sent {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** The reply, also one that comes while the body is still being sent. */
export const sendTo = (
  port: number,
  { path = "/services/collector/event", method = "POST", headers, body }: Sent,
) =>
  Effect.callback<Reply, Error>((resume) => {
    const request = httpRequest(
      {
        host: "127.0.0.1",
        port,
        path,
        method,
        headers: { authorization: "Splunk token-of-main", ...headers },
      },
      (response) => {
        let text = ""
        response.setEncoding("utf8")
        response.on("data", (chunk: string) => {
          text += chunk
        })
        response.on("error", (error) => resume(Effect.fail(error)))
        response.on("end", () =>
          resume(
            Effect.succeed({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: text.startsWith("{") ? JSON.parse(text) : text,
            }),
          ),
        )
      },
    )
    request.on("error", (error) => resume(Effect.fail(error)))
    request.end(body)
  })

export const spoolIn = (folder: string, changes: Partial<SpoolOptions> = {}) =>
  spoolLayer({
    folder,
    maxBytes: 50_000_000,
    maxEvents: 100_000,
    channelIdle: Duration.hours(1),
    settledUpTo: () => Effect.succeed(0),
    senders: ["main"],
    ...changes,
  })

export const temporaryFolder = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  Effect.orDie(fs.makeTempDirectoryScoped({ prefix: "waybill-" })),
)

export interface CollectorChanges {
  readonly senders?: ReadonlyArray<Sender>
  readonly spool?: Partial<SpoolOptions>
  readonly options?: Partial<CollectorOptions>
  /** Ids of dead letters that wait. */
  readonly letters?: ReadonlyArray<string>
  /** Whether those are still being read. */
  readonly reading?: boolean
}

export const makeCollector = Effect.fnUntraced(function* (changes: CollectorChanges = {}) {
  const senders = changes.senders ?? [senderOf("main")]
  const folder = yield* temporaryFolder
  const letters = Layer.effect(
    DeadLetters,
    Effect.map(DeadLetters, (none) =>
      DeadLetters.of({
        ...none,
        has: (id) => changes.letters?.includes(id) ?? false,
        stats: Effect.map(none.stats, (stats) => ({ ...stats, reading: changes.reading ?? false })),
      }),
    ),
  ).pipe(Layer.provide(NoDeadLetters.layerLooking))
  const context = yield* Layer.build(
    Layer.mergeAll(
      spoolIn(folder, { senders: senders.map(({ name }) => name), ...changes.spool }),
      letters,
      Stop.layer,
    ),
  )
  const http = yield* serveCollector({
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    maxConnections: 100,
    requestTimeoutMillis: 2000,
    maxBodyBytes: 1_000_000,
    maxBufferedBytes: 8_000_000,
    retryAfterSeconds: 7,
    senders: () => senders,
    ...changes.options,
  }).pipe(Effect.provide(context))
  const port = "port" in http.address ? http.address.port : 0
  return {
    port,
    spool: Context.get(context, Spool),
    stop: Context.get(context, Stop),
    send: (sent: Sent) => sendTo(port, sent),
  }
})

/** Plays against a collector, with everything that it needs. */
export const collecting = <A, E>(
  changes: CollectorChanges,
  play: (
    collector: Effect.Success<ReturnType<typeof makeCollector>>,
  ) => Effect.Effect<A, E, NodeServices.NodeServices>,
) => makeCollector(changes).pipe(Effect.flatMap(play), Effect.scoped, Effect.provide(NodeServices.layer))
