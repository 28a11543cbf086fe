/**
 * Serves the admin API. It listens before the start-up sync begins and answers until the drain is over.
 *
 * What is slow or large on the wire is Node's part (`createServer`), what an answer may be is the gate's.
 */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Data, Duration, Effect, Layer, type Redacted } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApiBuilder, HttpApiMiddleware } from "effect/http-api"
import { Configuration } from "../config/Configuration.ts"
import { LiveConfiguration } from "../config/LiveConfiguration.ts"
import { listen } from "../listening/listen.ts"
import * as Log from "../telemetry/log.ts"
import { AdminApi } from "./api.ts"
import * as DeadLetters from "./deadLetters.ts"
import * as Description from "./description.ts"
import * as Events from "./events.ts"
import * as Feeds from "./feeds.ts"
import { makeGate } from "./gate.ts"
import * as Health from "./health.ts"
import * as Settings from "./settings.ts"
import * as StatusPage from "./statusPage.ts"
import * as Token from "./token.ts"

/** It can't listen where it is told to. */
export class AdminUnavailable extends Data.TaggedError("AdminUnavailable")<{
  /** What happened, where, and what to do about it. */
  readonly message: string
}> {}

/** Bytes of a request's headers; Node answers 431 to more. */
const MAX_HEADER_BYTES = 16_384
const MAX_CONNECTIONS = 128
/** How long open requests may still take when everything else has stopped. */
const STOP_WITHIN = Duration.seconds(2)
/** Paths are taken as they are. An id may be longer than the router's own limit of 100. */
const ROUTER = {
  maxParamLength: 1024,
  caseSensitive: true,
  ignoreTrailingSlash: false,
  ignoreDuplicateSlashes: false,
}

const routes = (token: () => Redacted.Redacted | undefined) =>
  HttpApiBuilder.layer(AdminApi).pipe(
    Layer.provide([
      Health.layer,
      DeadLetters.layer,
      Feeds.layer,
      Events.layer,
      Settings.layer,
      Description.layer,
      StatusPage.layer,
    ]),
    Layer.provide(Token.layer(token)),
    Layer.provide(HttpApiMiddleware.layerProblemDetails({ includeDetails: true })),
    Layer.provide(NodeHttpServer.layerHttpServices),
  )

const listenForPeople = Effect.fnUntraced(function* ({ host, port, timeout }: Listening) {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: Duration.toMillis(timeout),
    headersTimeout: Duration.toMillis(Duration.min(timeout, Duration.seconds(10))),
    connectionsCheckingInterval: 1000,
  })
  server.maxConnections = MAX_CONNECTIONS
  // A connection that is kept alive would hold the stop until its time is over.
  server.on("request", (_, response) => {
    response.on("finish", () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections())
    })
  })
  return yield* listen(
    server,
    { host, port, section: "admin", stopWithin: STOP_WITHIN },
    (reason) =>
      new AdminUnavailable({ message: `The admin API cannot listen on ${host}:${port}: ${reason}.` }),
  )
})

interface Listening {
  readonly host: string
  readonly port: number
  readonly timeout: Duration.Duration
}

const serve = Effect.gen(function* () {
  const { admin } = yield* Configuration
  const { current } = yield* LiveConfiguration
  const token = () => current().admin.token
  const timeout = Duration.seconds(admin.timeout_seconds)
  const app = yield* HttpRouter.toHttpEffect(routes(token)).pipe(
    Effect.provideService(HttpRouter.RouterConfig, ROUTER),
  )
  const gate = yield* makeGate({
    hasToken: () => token() !== undefined,
    maxBodyBytes: admin.max_body_bytes,
    timeout,
  })
  const http = yield* listenForPeople({ host: admin.host, port: admin.port, timeout })
  yield* http.serve(gate(app))
  const address = HttpServer.formatAddress(http.address)
  yield* Log.info("admin.listening", `The admin API is at ${address}`, {
    address,
    token: admin.token !== undefined,
  })
  return http
})

/** The running server, for tests that need its port. */
export const layerServer = Layer.effect(HttpServer.HttpServer, serve)

/** Nothing where `admin.enabled` is false. */
export const layer = Layer.unwrap(
  Effect.map(Configuration, ({ admin }) => (admin.enabled ? Layer.effectDiscard(serve) : Layer.empty)),
)
