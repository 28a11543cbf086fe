/**
 * The indexer or the dashboards server, spoken to as an administrator, over REST.
 *
 * One try a request: a person waits, and a wrong password tried again may lock the account. No redirect is followed and
 * no trace header is sent. What a peer says is told without the passwords it was sent.
 */
import { NodeHttpClient } from "@effect/platform-node"
import { Data, Effect, FileSystem, Redacted } from "effect"
import { HttpClient, type HttpClientError, HttpClientRequest } from "effect/http"

export class SetupError extends Data.TaggedError("SetupError")<{
  /** What happened and what to do. */
  readonly message: string
  /** The login is refused, or nobody is there: nothing else at this peer will go better. */
  readonly fatal: boolean
}> {}

export interface Login {
  readonly username: string
  readonly password: Redacted.Redacted
}

export interface PeerOptions {
  readonly name: "indexer" | "dashboard"
  readonly url: string
  readonly login: Login
  /** PEM, a file. */
  readonly caFile: string | undefined
  readonly verifyTls: boolean
}

export interface Answer {
  readonly status: number
  /** Parsed where it is JSON, otherwise its text. */
  readonly body: unknown
}

export interface Peer {
  readonly name: PeerOptions["name"]
  readonly url: string
  /** Answers 2xx, 400, 404 and 409; fails with everything else. */
  readonly ask: (
    method: "GET" | "PUT" | "POST",
    path: string,
    body?: FormData | Readonly<Record<string, unknown>> | ReadonlyArray<unknown>,
  ) => Effect.Effect<Answer, SetupError>
  /** Whether somebody else's login is accepted; one try. */
  readonly accepts: (login: Login) => Effect.Effect<boolean, SetupError>
}

const TIMEOUT = "30 seconds"
const EXPECTED = new Set([400, 404, 409])

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The beginning of what a peer says, on one line. */
export const excerpt = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "")
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim()
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}

/** Message of what lies under a client error; never the error itself, which holds the request's headers. */
const causeOf = ({ reason }: HttpClientError.HttpClientError): string =>
  reason.cause instanceof Error && reason.cause.message !== "" ? reason.cause.message : reason._tag

const TLS = /certificate|altnames|local issuer|self.signed/i

/** Opens it. Fails if the CA can't be read. */
export const makePeer = Effect.fnUntraced(function* (options: PeerOptions) {
  const { name, login, caFile } = options
  const url = options.url.replace(/\/+$/, "")
  const fs = yield* FileSystem.FileSystem
  const ca =
    caFile === undefined
      ? undefined
      : yield* Effect.mapError(
          fs.readFileString(caFile),
          (error) =>
            new SetupError({
              message: `The CA ${caFile} can't be read (${error.reason._tag}). Check indexer.ca_file and who may read it.`,
              fatal: true,
            }),
        )
  const fatal = (message: string) => new SetupError({ message, fatal: true })

  const send = Effect.fnUntraced(
    function* (request: HttpClientRequest.HttpClientRequest, as: Login) {
      const client = yield* HttpClient.HttpClient
      const response = yield* client.execute(
        request.pipe(
          HttpClientRequest.acceptJson,
          HttpClientRequest.basicAuth(as.username, Redacted.value(as.password)),
        ),
      )
      return { status: response.status, body: parse(yield* response.text) }
    },
    Effect.timeoutOrElse({
      duration: TIMEOUT,
      orElse: () => Effect.fail(fatal(`The ${name} at ${url} did not answer within ${TIMEOUT}.`)),
    }),
    Effect.catchTag("HttpClientError", (error) => {
      const why = causeOf(error)
      return Effect.fail(
        fatal(
          TLS.test(why)
            ? `The ${name} at ${url} shows a certificate that is not trusted (${why}). Check indexer.ca_file.`
            : `The ${name} at ${url} can't be reached (${why}). Check the address, and that it runs.`,
        ),
      )
    }),
    Effect.provide(
      NodeHttpClient.layerUndiciOptions({
        connections: 1,
        allowH2: false,
        connect: { rejectUnauthorized: options.verifyTls, ...(ca === undefined ? {} : { ca }) },
      }),
    ),
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
  )

  const ask: Peer["ask"] = Effect.fnUntraced(function* (method, path, body) {
    const bare = HttpClientRequest.make(method)(`${url}${path}`)
    const request =
      body === undefined
        ? bare
        : body instanceof FormData
          ? HttpClientRequest.bodyFormData(bare, body)
          : HttpClientRequest.bodyText(bare, JSON.stringify(body), "application/json")
    const answer = yield* send(
      // The dashboards server takes no change without it; the indexer ignores it.
      HttpClientRequest.setHeaders(request, { "osd-xsrf": "true" }),
      login,
    )
    const { status } = answer
    if ((status >= 200 && status < 300) || EXPECTED.has(status)) return answer
    if (status === 401)
      return yield* fatal(
        `The ${name} at ${url} refuses the administrator's login (401). Check user and password; it is not tried again, so as not to lock the account.`,
      )
    if (status === 403)
      return yield* fatal(
        `The ${name} at ${url} does not let ${login.username} do this (403): ${method} ${path}. It takes an administrator, such as admin.`,
      )
    return yield* new SetupError({
      message: `The ${name} at ${url} answered ${method} ${path} with ${status}: ${excerpt(answer.body)}`,
      fatal: false,
    })
  })

  const accepts: Peer["accepts"] = (other) =>
    send(HttpClientRequest.get(`${url}/_plugins/_security/authinfo`), other).pipe(
      Effect.map(({ status }) => status !== 401),
    )

  return { name, url, ask, accepts } satisfies Peer
})
