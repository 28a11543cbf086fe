/**
 * The login at the manager's API: a token that is renewed before it ends, and a password that is never tried often.
 *
 * `POST /security/user/authenticate` (basic) answers a JWT for 900 s. 50 failed logins block the address for 300 s
 * (access.max_login_attempts and block_time of api.yaml, api/api/middlewares.py); then every login is answered 403. So
 * after a refused login nothing is asked for a minute, and after a block for as long as it lasts.
 */
import { Data, Effect, Option, Redacted, Schema, Semaphore } from "effect"
import { HttpClientRequest } from "effect/http"
import { monotonicMillis } from "../../domain/monotonicTime.ts"
import type { Exchange } from "../http/Exchange.ts"
import type { WriterErrorReason } from "../Writer.ts"
import { explainNotAnswered } from "./failures.ts"

export class LoginFailed extends Data.TaggedError("LoginFailed")<{
  readonly reason: WriterErrorReason
  /** What happened and what to do, without where. */
  readonly message: string
}> {}

export interface Session {
  /** A token that is valid for a while yet. */
  readonly token: Effect.Effect<Redacted.Redacted, LoginFailed>
  /** The next token asked for is a new one: the API did not take the last one, or may have come to a standstill. */
  readonly forget: Effect.Effect<void>
  /** Nothing is asked for so long: what was refused would be refused again. */
  readonly pause: (millis: number, failed: LoginFailed) => Effect.Effect<void>
}

export interface SessionOptions {
  /** Without a slash at its end. */
  readonly url: string
  readonly username: string
  readonly password: Redacted.Redacted
}

export const REFUSED_PAUSE_MILLIS = 60_000
/** `block_time` of the API, and a little. */
export const BLOCKED_PAUSE_MILLIS = 305_000
/** Of the token's life: what is kept for requests that are under way, and for clocks. */
const MARGIN_MILLIS = 60_000
/** The API's default, for a token that does not say. */
const DEFAULT_LIFE_MILLIS = 900_000

const Login = Schema.fromJsonString(
  Schema.Struct({ data: Schema.Struct({ token: Schema.NonEmptyString.pipe(Schema.RedactedFromValue) }) }),
)
const decodeLogin = Schema.decodeUnknownOption(Login)

const Claims = Schema.fromJsonString(
  Schema.Struct({ exp: Schema.Finite, nbf: Schema.optionalKey(Schema.Finite) }),
)
const decodeClaims = Schema.decodeUnknownOption(Claims)

/**
 * How long a token may be used, milliseconds, by its own claims. Only their difference counts: the API's clock may be
 * far from ours.
 */
export const usableMillis = (token: string): number => {
  const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")
  const life = Option.match(decodeClaims(claims), {
    onNone: () => DEFAULT_LIFE_MILLIS,
    onSome: ({ exp, nbf }) => (nbf === undefined || exp <= nbf ? DEFAULT_LIFE_MILLIS : (exp - nbf) * 1000),
  })
  return Math.max(life - MARGIN_MILLIS, life / 2)
}

interface Held {
  readonly token: Redacted.Redacted
  readonly until: number
}

export const makeSession = Effect.fnUntraced(function* (exchange: Exchange, options: SessionOptions) {
  const lock = yield* Semaphore.make(1)
  let held: Held | undefined
  let paused: { readonly until: number; readonly failed: LoginFailed } | undefined

  const pause = (millis: number, failed: LoginFailed) =>
    Effect.map(monotonicMillis, (now) => {
      paused = { until: now + millis, failed }
    })
  const refuse = (millis: number, reason: WriterErrorReason, message: string) => {
    const failed = new LoginFailed({ reason, message })
    return Effect.andThen(pause(millis, failed), Effect.fail(failed))
  }

  const logIn = Effect.fnUntraced(function* () {
    const request = HttpClientRequest.post(`${options.url}/security/user/authenticate`).pipe(
      HttpClientRequest.basicAuth(options.username, Redacted.value(options.password)),
      HttpClientRequest.setHeader("user-agent", "waybill"),
    )
    const { body, status } = yield* exchange(request).pipe(
      Effect.mapError((error) => new LoginFailed(explainNotAnswered(error))),
    )
    if (status === 401)
      return yield* refuse(
        REFUSED_PAUSE_MILLIS,
        "forbidden",
        "it refuses the login (401). Check writer.api.username and writer.api.password; Waybill tries once a minute, so as not to have its address blocked.",
      )
    if (status === 403)
      return yield* refuse(
        BLOCKED_PAUSE_MILLIS,
        "forbidden",
        "it has blocked this address after too many failed logins (403), of Waybill's or another client's. Waybill asks again in five minutes; check writer.api.username and writer.api.password meanwhile.",
      )
    if (status === 429)
      return yield* refuse(
        REFUSED_PAUSE_MILLIS,
        "throttled",
        "it has had too many requests (429) to let anybody in. Waybill waits a minute.",
      )
    const login = status === 200 ? Option.getOrUndefined(decodeLogin(body)) : undefined
    if (login === undefined)
      return yield* new LoginFailed({
        reason: "failed",
        message: `it answered a login with ${status} and no token. Look at api.log on the manager, and check writer.api.url.`,
      })
    const { token } = login.data
    held = { token, until: (yield* monotonicMillis) + usableMillis(Redacted.value(token)) }
    return token
  })

  const session: Session = {
    token: Effect.gen(function* () {
      const now = yield* monotonicMillis
      if (paused !== undefined && now < paused.until) return yield* paused.failed
      paused = undefined
      return held !== undefined && now < held.until ? held.token : yield* logIn()
    }).pipe(lock.withPermit),
    forget: Effect.sync(() => {
      held = undefined
    }),
    pause,
  }
  return session
})
