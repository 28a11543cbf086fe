/**
 * What every request passes, whatever it asks for: who may be answered at all, how long it may take, errors as problems
 * without anything from the inside, and one log line for each change.
 */
import { ByteSize, Cause, type Duration, Effect, Exit, Option } from "effect"
import {
  HttpIncomingMessage,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse,
  ProblemDetails,
} from "effect/http"
import type { LogEvent } from "../telemetry/log.ts"
import { type ChangeNote, isReading, makeAudit } from "./audit.ts"
import { methodsOf } from "./routes.ts"
import { refusalOfBrowser } from "./token.ts"

export interface GateOptions {
  /** Whether a token is asked for; without one, only what a browser page can't have sent is answered. */
  readonly hasToken: () => boolean
  readonly maxBodyBytes: number
  /** For the answer to a question. A change takes the time it needs: who waits for it must learn what came of it. */
  readonly timeout: Duration.Duration
}

const FAILED: LogEvent = "admin.failed"

/** In the log alone: whoever asked has gone, or Waybill stops. What was begun may have been done. */
const ABANDONED = 499

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  500: "Internal Server Error",
  503: "Service Unavailable",
}

const problem = (status: number, detail?: string) =>
  ProblemDetails.toResponse({
    type: ProblemDetails.blankType,
    title: TITLES[status] ?? "Error",
    status,
    ...(detail === undefined ? {} : { detail }),
  })

const DETAILS: Readonly<Record<number, string>> = {
  404: "There is nothing at this path; /docs lists what there is.",
  413: "The body is larger than admin.max_body_bytes.",
  415: "Send the body as application/json.",
  500: "Something failed inside; Waybill's log says what (admin.failed).",
}

const JSON_TYPES = ["application/json", ProblemDetails.contentType]

/** An error without a body of its own says what it is as a problem. */
const asProblem = (
  response: HttpServerResponse.HttpServerResponse,
  { method, path }: { readonly method: string; readonly path: string },
): HttpServerResponse.HttpServerResponse => {
  const { status } = response
  if (status < 400 || JSON_TYPES.some((type) => response.headers["content-type"]?.startsWith(type) === true))
    return response
  const methods = status === 404 ? methodsOf(path) : []
  if (methods.length === 0 || methods.includes(method)) return problem(status, DETAILS[status])
  const allowed = methods.join(", ")
  return HttpServerResponse.setHeader(problem(405, `This path takes ${allowed}.`), "allow", allowed)
}

const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
}
/** Of what brings no other. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

const finished = (response: HttpServerResponse.HttpServerResponse) =>
  HttpServerResponse.setHeaders(response, {
    "content-security-policy": POLICY,
    ...response.headers,
    ...HEADERS,
    ...(response.status === 401 ? { "www-authenticate": 'Bearer realm="waybill"' } : {}),
  })

const pathOf = (url: string): string => url.split(/[?#]/, 1)[0] ?? "/"

/** Puts the gate before an app. Only an interruption (the client is gone, or Waybill stops) passes it as a failure. */
export const makeGate = Effect.fnUntraced(function* (options: GateOptions) {
  const audit = yield* makeAudit
  const maxBody = ByteSize.bytes(options.maxBodyBytes)
  const tooSlow = Effect.succeed(problem(503, "It took longer than admin.timeout_seconds."))

  return <E, R>(app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) => {
    const answer = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, path: string) {
      const refusal = options.hasToken() ? undefined : refusalOfBrowser(request.headers)
      if (refusal !== undefined) return problem(403, refusal)
      const exit = yield* app.pipe(
        Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBody),
        isReading(request.method)
          ? Effect.timeoutOrElse({ duration: options.timeout, orElse: () => tooSlow })
          : (change) => change,
        Effect.exit,
      )
      if (Exit.isSuccess(exit)) return exit.value
      if (Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.interrupt
      const [response] = yield* HttpServerError.causeResponse(exit.cause)
      if (response.status >= 500)
        yield* Effect.logError(`The admin API failed to answer ${request.method} ${path}`, exit.cause).pipe(
          Effect.annotateLogs({ event: FAILED, method: request.method, path }),
        )
      return response
    })

    return Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const path = pathOf(request.url)
      const note: ChangeNote = {}
      const tell = (status: number) =>
        audit.tell({
          method: request.method,
          path,
          status,
          from: Option.getOrElse(request.remoteAddress, () => "unknown"),
          who: options.hasToken() ? "admin.token" : "anybody on this machine",
          note,
        })
      const answered = yield* Effect.provideService(answer(request, path), audit.note, note).pipe(
        Effect.onInterrupt(() => tell(ABANDONED)),
      )
      const response = finished(asProblem(answered, { method: request.method, path }))
      yield* tell(response.status)
      return response
    })
  }
})
