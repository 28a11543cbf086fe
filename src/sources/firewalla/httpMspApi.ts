/**
 * The MSP API over HTTPS.
 *
 * No redirect is followed and no trace header is sent: the token and our ids stay between here and the portal. The
 * time-out covers a whole try, from the connection to the last byte of the body, and each try costs one permit of the
 * rate limit.
 */
import { ByteSize, Clock, Data, Duration, Effect, Layer, Redacted, Result } from "effect"
import {
  HttpClient,
  type HttpClientError,
  HttpClientRequest,
  type HttpClientResponse,
  HttpIncomingMessage,
} from "effect/http"
import { type RequestFailure, retryAfterMillis } from "../../retry/decide.ts"
import { makeRateLimit } from "../../retry/RateLimit.ts"
import { retrying } from "../../retry/retrying.ts"
import * as Log from "../../telemetry/log.ts"
import { codeOf, isTooLarge, isUntrusted, makeOutside, refusalOfProxy } from "../outside.ts"
import type { SourceErrorReason } from "../Source.ts"
import { sourceError } from "./errors.ts"
import { MspApi, type MspRequest, requestText } from "./MspApi.ts"
import { checkBaseUrl, type FirewallaOptions, InvalidFirewallaOptions } from "./options.ts"
import { parseBody } from "./reply.ts"

type HttpOptions = Pick<
  FirewallaOptions,
  "baseUrl" | "token" | "requestsPerMinute" | "maxPageBytes" | "retry" | "way"
>

/** One try that failed, before it is known whether there will be another. */
class TryFailed extends Data.TaggedError("TryFailed")<{
  readonly reason: SourceErrorReason
  readonly failure: RequestFailure
}> {}

const failed = (reason: SourceErrorReason, failure: RequestFailure) => new TryFailed({ reason, failure })

/**
 * Provides `MspApi` with connections of its own. Fails where the base URL or the CA's file can't be used.
 *
 * @param current asked at each request for the token and the requests a minute; the rest is that of the start
 */
export const layerHttp = (current: () => HttpOptions) =>
  Layer.effect(
    MspApi,
    Effect.suspend(() => make(current(), current)),
  )

const make = Effect.fnUntraced(function* (options: HttpOptions, current: () => HttpOptions) {
  const limit = yield* makeRateLimit(() => current().requestsPerMinute)
  const base = yield* checkBaseUrl(options.baseUrl)
  const timeoutMillis = options.retry.timeoutSeconds * 1000
  const { client, proxy } = yield* makeOutside(base, options.way ?? {}, {
    maxBytes: options.maxPageBytes,
    timeoutMillis,
  }).pipe(
    Effect.mapError(
      ({ message }) => new InvalidFirewallaOptions({ message: `source.firewalla.ca_file: ${message}` }),
    ),
  )
  /** What a peer says may hold the token that it was sent. */
  const withoutToken = (text: string, token: string) =>
    token === "" ? text : text.replaceAll(token, "<token>")

  const readBody = Effect.fnUntraced(function* (
    response: HttpClientResponse.HttpClientResponse,
    token: string,
  ) {
    const text = yield* Effect.mapError(response.text, (error) => bodyFailure(error, options.maxPageBytes))
    const status = response.status
    if (status < 200 || status > 299) {
      const now = yield* Clock.currentTimeMillis
      const refusal = refusalOf(response, withoutToken(excerpt(text), token), now)
      if (refusal._tag === "RateLimited" && refusal.retryAfterMillis !== undefined) {
        yield* limit.pause(Math.min(refusal.retryAfterMillis, options.retry.maxRetryAfterSeconds * 1000))
      }
      return yield* failed(refusal, { _tag: "Status", status, retryAfter: response.headers["retry-after"] })
    }
    const body = parseBody(text, response.headers["content-type"])
    if (Result.isSuccess(body)) return body.success
    return yield* failed(
      body.failure,
      body.failure._tag === "Truncated" ? { _tag: "Network" } : { _tag: "Unusable" },
    )
  })

  const maxBodySize = ByteSize.bytes(options.maxPageBytes)
  const tryOnce = (request: MspRequest, token: string) =>
    client.execute(httpRequest(base, token, request)).pipe(
      Effect.mapError((error) =>
        notAnswered(error.reason.cause, withoutToken(causeOf(error), token), proxy()),
      ),
      Effect.flatMap((response) => readBody(response, token)),
      Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBodySize),
      Effect.timeoutOrElse({
        duration: Duration.millis(timeoutMillis),
        orElse: () =>
          Effect.fail(
            failed(
              { _tag: "TimedOut", afterMillis: timeoutMillis, ...byWayOf(proxy()) },
              { _tag: "TimedOut" },
            ),
          ),
      }),
      Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    )

  return MspApi.of({
    host: base.host,
    proxy,
    get: (request) =>
      Effect.andThen(
        limit.take,
        Effect.suspend(() => tryOnce(request, Redacted.value(current().token))),
      ).pipe(
        retrying<TryFailed>({
          peer: "msp",
          settings: options.retry,
          failureOf: (error) => error.failure,
          onRetry: ({ error, retry, delayMillis }) =>
            Log.warning("source.retrying", `${request.feed}: asking again after ${error.reason._tag}`, {
              feed: request.feed,
              request: requestText(request),
              reason: error.reason._tag,
              retry,
              delay_ms: delayMillis,
            }),
        }),
        Effect.mapError((error) => sourceError(base.host, request, error.reason)),
      ),
  })
})

const httpRequest = (base: URL, token: string, request: MspRequest) =>
  HttpClientRequest.get(`${base.href}${request.path}`).pipe(
    HttpClientRequest.setUrlParams(request.params),
    HttpClientRequest.acceptJson,
    HttpClientRequest.setHeaders({ authorization: `Token ${token}`, "user-agent": "waybill" }),
  )

const refusalOf = (
  response: HttpClientResponse.HttpClientResponse,
  detail: string,
  nowMillis: number,
): SourceErrorReason => {
  const { status, headers } = response
  if (status === 401 || status === 403) return { _tag: "Unauthorized", status }
  if (status === 429) {
    return { _tag: "RateLimited", retryAfterMillis: retryAfterMillis(headers["retry-after"], nowMillis) }
  }
  if (status >= 500) return { _tag: "ServerError", status, detail }
  const location = headers.location
  return {
    _tag: "Refused",
    status,
    detail: location === undefined ? detail : `redirect to ${hostOf(location)}`,
  }
}

const hostOf = (location: string): string => URL.parse(location)?.host ?? "another path of the same host"

const byWayOf = (proxy: string | undefined) => (proxy === undefined ? {} : { proxy })

/** Why no answer came at all. A refusal of the proxy is not asked for again at once, an outage behind it is. */
const notAnswered = (cause: unknown, detail: string, proxy: string | undefined): TryFailed => {
  const status = proxy === undefined ? undefined : refusalOfProxy(cause)
  if (status !== undefined && proxy !== undefined) {
    return failed(
      { _tag: "ProxyRefused", status, proxy },
      status >= 500 ? { _tag: "Network" } : { _tag: "Unusable" },
    )
  }
  return failed(
    { _tag: isUntrusted(cause) ? "Untrusted" : "Unreachable", detail, ...byWayOf(proxy) },
    { _tag: "Network" },
  )
}

/** The body broke off after a good beginning: too large, or cut short on the way. */
const bodyFailure = (error: HttpClientError.HttpClientError, maxBytes: number): TryFailed =>
  isTooLarge(error.reason.cause)
    ? failed(
        {
          _tag: "BadShape",
          detail: `the reply is larger than ${maxBytes} bytes and was not read. Lower the feed's page_size, or raise source.firewalla.max_page_bytes.`,
        },
        { _tag: "Unusable" },
      )
    : failed({ _tag: "Truncated", detail: causeOf(error) }, { _tag: "Network" })

/** Code and message of what lies under a client error; never the error itself, which holds the request's headers. */
const causeOf = (error: HttpClientError.HttpClientError): string => {
  const cause = error.reason.cause
  const code = codeOf(cause)
  const message = cause instanceof Error ? excerpt(cause.message) : ""
  return [code, message].filter((part) => part !== "").join(": ") || error.reason._tag
}

/** The beginning of what a peer says, on one line. */
const excerpt = (text: string): string => {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim()
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}
