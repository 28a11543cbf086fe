/** The collector's HTTP server, with the addresses that Splunk's has. */
import { createServer, type ServerOptions } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { Data, Duration, Effect, Layer, Runtime } from "effect"
import { CliError } from "effect/cli"
import { HttpRouter, HttpServer } from "effect/http"
import { listen } from "../../listening/listen.ts"
import * as Log from "../../telemetry/log.ts"
import { type CertificateFiles, readCertificate, renewCertificate } from "./certificate.ts"
import { type EndpointOptions, makeEndpoints } from "./endpoints.ts"

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly tls: CertificateFiles | undefined
  readonly maxConnections: number
  /** How long a request may take to arrive. */
  readonly requestTimeoutMillis: number
}

export interface CollectorOptions extends ListenOptions, EndpointOptions {}

export class CannotListen extends Data.TaggedError("CannotListen")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

/** How long requests may still take when Waybill stops. */
const STOP_WITHIN = Duration.seconds(5)
const CHECK_EVERY_MILLIS = 1000
const MOST_HEADER_BYTES = 16_384
/** Connections are kept longer than the pauses that senders make. */
const KEEP_ALIVE_MILLIS = 65_000

const makeServer = Effect.fnUntraced(function* (options: ListenOptions) {
  const limits: ServerOptions = {
    requestTimeout: options.requestTimeoutMillis,
    headersTimeout: Math.min(options.requestTimeoutMillis, 15_000),
    connectionsCheckingInterval: CHECK_EVERY_MILLIS,
    keepAliveTimeout: KEEP_ALIVE_MILLIS,
    maxHeaderSize: MOST_HEADER_BYTES,
  }
  const { tls } = options
  if (tls === undefined) return createServer(limits)
  const certificate = yield* readCertificate(tls)
  const server = createTlsServer({ ...limits, ...certificate })
  yield* Effect.forkScoped(renewCertificate(server, tls, certificate))
  return server
})

const PATHS = {
  event: ["/services/collector", "/services/collector/event", "/services/collector/event/1.0"],
  raw: ["/services/collector/raw", "/services/collector/raw/1.0"],
  ack: ["/services/collector/ack", "/services/collector/ack/1.0"],
  health: ["/services/collector/health", "/services/collector/health/1.0"],
} as const

const routes = (options: EndpointOptions) =>
  HttpRouter.addAll(
    Effect.map(makeEndpoints(options), ({ ack, event, health, notFound, raw }) => [
      ...PATHS.event.map((path) => HttpRouter.route("POST", path, event)),
      ...PATHS.raw.map((path) => HttpRouter.route("POST", path, raw)),
      ...PATHS.ack.map((path) => HttpRouter.route("POST", path, ack)),
      ...PATHS.health.flatMap((path) => [
        HttpRouter.route("GET", path, health),
        // Load balancers ask so; the route for all else would answer it otherwise.
        HttpRouter.route("HEAD", path, health),
      ]),
      HttpRouter.route("*", "*", notFound),
    ]),
  )

const listenForSenders = Effect.fnUntraced(function* (options: ListenOptions) {
  const { host, port } = options
  const server = yield* makeServer(options).pipe(
    Effect.mapError(({ message }) => new CannotListen({ message })),
  )
  server.maxConnections = options.maxConnections
  return yield* listen(
    server,
    { host, port, section: "source.hec", stopWithin: STOP_WITHIN },
    (reason) =>
      new CannotListen({ message: `Waybill cannot listen for events on ${host}:${port}: ${reason}.` }),
  )
})

/** Listens for as long as its scope is open. At its end, requests that are under way are answered first. */
export const serveCollector = Effect.fnUntraced(function* (options: CollectorOptions) {
  const app = yield* HttpRouter.toHttpEffect(routes(options)).pipe(
    Effect.provideService(HttpRouter.RouterConfig, { ignoreTrailingSlash: true }),
  )
  const http = yield* listenForSenders(options)
  yield* http.serve(app)
  const scheme = options.tls === undefined ? "http" : "https"
  const url = `${HttpServer.formatAddress(http.address).replace(/^http/, scheme)}/services/collector`
  yield* Log.info("hec.listening", `Listening for events at ${url}`, {
    url,
    senders: options.senders().map(({ name }) => name),
  })
  return http
})

export const collectorLayer = (options: CollectorOptions) => Layer.effectDiscard(serveCollector(options))
