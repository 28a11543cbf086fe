/**
 * One HTTP request and its answer, or why there is none and whether the peer may have got it all the same.
 *
 * That difference is what a writer needs: a request that never left is sent again; one that may have arrived must
 * not be, because what it held may be on its way.
 */
import { NodeHttpClient } from "@effect/platform-node"
import { Data, Duration, Effect, Predicate } from "effect"
import { HttpClient, type HttpClientError, type HttpClientRequest } from "effect/http"
import type { RequestFailure } from "../../retry/decide.ts"

export interface Answer {
  readonly status: number
  readonly body: string
}

export class NotAnswered extends Data.TaggedError("NotAnswered")<{
  readonly kind: "network" | "timed-out" | "untrusted"
  /** The peer can't have got the request. */
  readonly isUnsent: boolean
  /** Code and message of what lies under it. */
  readonly detail: string
}> {}

export interface ExchangeOptions {
  readonly timeoutSeconds: number
  /** As Node's TLS takes them. */
  readonly tls?:
    | { readonly ca?: string; readonly rejectUnauthorized: boolean; readonly servername?: string }
    | undefined
  /** Goes there instead of to the URL's host. */
  readonly socketPath?: string | undefined
}

/** What is answered may repeat all that was sent. */
const MOST_BYTES = 64 * 1024 * 1024

/** Failures from before the first byte of a request. */
const UNSENT = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "EACCES",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
])
const UNTRUSTED = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO$)/

const codeOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : ""

/** Code and message; never the error itself, which holds the request's headers. */
const notAnswered = (error: HttpClientError.HttpClientError): NotAnswered => {
  const { cause } = error.reason
  const code = codeOf(cause)
  const message = cause instanceof Error ? cause.message.replaceAll(/\s+/g, " ").slice(0, 200) : ""
  const detail = [code, message].filter((part) => part !== "").join(": ") || error.reason._tag
  if (UNTRUSTED.test(code)) return new NotAnswered({ kind: "untrusted", isUnsent: true, detail })
  return new NotAnswered({ kind: "network", isUnsent: UNSENT.has(code), detail })
}

/** What it means for the quick retries: only what never left is sent again. */
export const failureOf = ({ isUnsent, kind }: NotAnswered): RequestFailure =>
  isUnsent && kind === "network" ? { _tag: "Network" } : { _tag: "Unusable" }

/**
 * Makes exchanges over connections of its own, one for each request: an idle connection that the peer closes at the
 * moment of sending would leave open whether it got the request.
 */
export const makeExchange = Effect.fnUntraced(function* (options: ExchangeOptions) {
  const dispatcher = yield* NodeHttpClient.makeDispatcherOptions({
    connections: 4,
    pipelining: 0,
    allowH2: false,
    maxResponseSize: MOST_BYTES,
    connect: {
      timeout: Math.min(options.timeoutSeconds, 10) * 1000,
      ...options.tls,
      ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
    },
  })
  const client = yield* Effect.provideService(
    NodeHttpClient.makeUndici,
    NodeHttpClient.Dispatcher,
    dispatcher,
  )

  return (request: HttpClientRequest.HttpClientRequest): Effect.Effect<Answer, NotAnswered> =>
    client.execute(request).pipe(
      Effect.flatMap((response) => Effect.map(response.text, (body) => ({ status: response.status, body }))),
      Effect.mapError(notAnswered),
      Effect.timeoutOrElse({
        duration: Duration.seconds(options.timeoutSeconds),
        orElse: () =>
          Effect.fail(
            new NotAnswered({
              kind: "timed-out",
              isUnsent: false,
              detail: `no answer within ${options.timeoutSeconds} s`,
            }),
          ),
      }),
      Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    )
})
export type Exchange = Effect.Success<ReturnType<typeof makeExchange>>
