/** A client of a running Waybill's admin API, for commands; derived from the definition. */
import { isIPv6 } from "node:net"
import { NodeHttpClient } from "@effect/platform-node"
import { Context, Data, Effect, Layer, Redacted, Runtime } from "effect"
import { CliError } from "effect/cli"
import { HttpClient, HttpClientError, HttpClientRequest } from "effect/http"
import { HttpApiClient, HttpApiMiddleware } from "effect/http-api"
import { Configuration } from "../config/Configuration.ts"
import { AdminApi, AdminToken } from "./api.ts"
import { Conflict, NotFound, SettingsRefused, Unauthorized, Unavailable } from "./problems.ts"

/** No running Waybill could be asked, or it did not do what was asked. */
export class AdminApiFailed extends Data.TaggedError("AdminApiFailed")<{
  /** What happened, where, and what to do about it. */
  readonly message: string
}> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

/** Where an API that listens on `host` is reached from the same machine. */
export const urlOf = ({ host, port }: { readonly host: string; readonly port: number }): string => {
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host
  return `http://${isIPv6(reached) ? `[${reached}]` : reached}:${port}`
}

const sendToken = HttpApiMiddleware.layerClient(
  AdminToken,
  Effect.map(
    Configuration,
    ({ admin: { token } }) =>
      ({ next, request }) =>
        next(token === undefined ? request : HttpClientRequest.bearerToken(request, Redacted.value(token))),
  ),
)

const PROBLEMS = [Conflict, NotFound, SettingsRefused, Unavailable]

const detailOf = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : String(error)

/** Nothing listens there, or it went away while it was asked. */
export const isNoAnswer = (error: unknown): boolean =>
  HttpClientError.isHttpClientError(error) && error.reason._tag === "TransportError"

const explained = (error: unknown, url: string): string => {
  if (isNoAnswer(error))
    return `No Waybill answers at ${url}. Is it running, and are admin.host and admin.port those it runs with?`
  if (error instanceof Unauthorized)
    return `Waybill at ${url} refuses the token of this configuration. Are admin.token or admin.token_file those it runs with?`
  return PROBLEMS.some((problem) => error instanceof problem)
    ? `Waybill at ${url} answered: ${detailOf(error)}`
    : `What answers at ${url} is no Waybill, or one of another version (${detailOf(error)}). Are admin.host and admin.port those it runs with?`
}

const make = Effect.gen(function* () {
  const { admin } = yield* Configuration
  if (!admin.enabled)
    return yield* new AdminApiFailed({
      message:
        "admin.enabled is false, so a running Waybill can't be asked. Set it to true and restart Waybill.",
    })
  const url = urlOf(admin)
  const client = yield* HttpApiClient.make(AdminApi, {
    baseUrl: url,
    transformClient: HttpClient.transformResponse(
      Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    ),
  })
  const orExplain = <A, E, R>(asked: Effect.Effect<A, E, R>): Effect.Effect<A, AdminApiFailed, R> =>
    Effect.mapError(asked, (error) =>
      error instanceof AdminApiFailed ? error : new AdminApiFailed({ message: explained(error, url) }),
    )
  return AdminClient.of({ client, orExplain, url })
})

/** For the address and the token of the configuration. */
export class AdminClient extends Context.Service<
  AdminClient,
  {
    /** One function for each endpoint; its errors are those of the definition. */
    readonly client: HttpApiClient.ForApi<typeof AdminApi>
    /** Makes of any of them what a person reads. */
    readonly orExplain: <A, E, R>(asked: Effect.Effect<A, E, R>) => Effect.Effect<A, AdminApiFailed, R>
    readonly url: string
  }
>()("waybill/admin/AdminClient") {
  static readonly layer: Layer.Layer<AdminClient, AdminApiFailed, Configuration> = Layer.effect(
    AdminClient,
    Effect.suspend(() => make),
  ).pipe(Layer.provide(sendToken), Layer.provide(NodeHttpClient.layerUndici))
}
