/**
 * The manager's API as far as events need it: the login with its block, `POST /events` with its limits, and the
 * socket of analysisd behind it (api/api and framework/wazuh/event.py of release 4.14).
 */
import { randomUUID } from "node:crypto"
import { Clock, Effect, Ref, type Scope } from "effect"
import { closeFd, connectDatagram, sendBlocking, sendNow, setSendTimeout } from "../../writers/socket/libc.ts"
import { type FaultyHttpServer, json, listen, type Reply, type Request } from "../http/FaultyHttpServer.ts"
import { eventsIn, failedItems, isLogin, problem } from "./shapes.ts"

export interface ApiOptions {
  readonly username: string
  readonly password: string
  /** analysisd's datagram socket. */
  readonly socketPath: string
  /** 30 when absent; over all callers. */
  readonly requestsPerMinute?: number
  /** How long that minute is, milliseconds; 60,000 when absent. */
  readonly windowMillis?: number
  /** 900 s when absent. */
  readonly tokenSeconds?: number
  /** 10 MiB when absent. */
  readonly maxBodyBytes?: number
}

export type ApiFault =
  /** Answers so and does nothing. */
  | { readonly kind: "status"; readonly status: number; readonly code?: number }
  /** Every `every`th event of a request fails with `code` and is not handed on. */
  | { readonly kind: "fail-items"; readonly every: number; readonly code: number }
  /** Hands the events on, or not, and never answers. */
  | { readonly kind: "hang" | "hang-up"; readonly taken: boolean }

export interface SimulatedApi extends FaultyHttpServer {
  /** For the next `times` requests with at least `events` events; 1 when absent. A canary comes alone. */
  readonly fault: (fault: ApiFault, times?: number, events?: number) => Effect.Effect<void>
  readonly clearFaults: Effect.Effect<void>
  /** No token that was given out is valid any more. */
  readonly revokeTokens: Effect.Effect<void>
  readonly setPassword: (password: string) => Effect.Effect<void>
  /** Requests so far, by what became of them: `login`, `login-401`, `events-200`, `events-429`, … */
  readonly counts: Effect.Effect<ReadonlyMap<string, number>>
}

/** access.max_login_attempts and block_time of api.yaml. */
const MAX_LOGINS = 50
const BLOCK_MILLIS = 300_000
/** OS_MAXSTR less the closing NUL. */
const MAX_MESSAGE = 65_535
const MAX_EVENTS = 100
const HEADER = "1:API-Webhook:"

export const makeSimulatedApi = Effect.fnUntraced(function* (
  options: ApiOptions,
): Effect.fn.Return<SimulatedApi, never, Scope.Scope> {
  const counts = yield* Ref.make<ReadonlyMap<string, number>>(new Map())
  const count = (what: string) =>
    Ref.update(counts, (before) => new Map(before).set(what, (before.get(what) ?? 0) + 1))
  const windowMillis = options.windowMillis ?? 60_000
  const tokenSeconds = options.tokenSeconds ?? 900
  let password = options.password
  let failedLogins = { count: 0, since: 0 }
  let tokens = new Map<string, number>()
  let faults: Array<{ readonly fault: ApiFault; readonly events: number }> = []
  let window: { readonly since: number; readonly count: number } | undefined

  const logIn = (request: Request, now: number): Reply => {
    if (now - failedLogins.since >= BLOCK_MILLIS) failedLogins = { count: 0, since: now }
    if (failedLogins.count >= MAX_LOGINS) return problem(403, "Limit of login attempts reached.")
    if (!isLogin(request.headers.authorization, options.username, password)) {
      failedLogins = {
        count: failedLogins.count + 1,
        since: failedLogins.count === 0 ? now : failedLogins.since,
      }
      return problem(401, "Invalid credentials")
    }
    const seconds = Math.floor(now / 1000)
    const claims = { iss: "wazuh", nbf: seconds, exp: seconds + tokenSeconds, jti: randomUUID() }
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
    const token = `${part({ alg: "ES512", typ: "JWT" })}.${part(claims)}.signature`
    tokens.set(token, now + tokenSeconds * 1000)
    return json(200, { data: { token }, error: 0 })
  }

  /** As api/api/middlewares.py counts: a window that begins with the first request after the last one ended. */
  const isOverLimit = (now: number): boolean => {
    window =
      window === undefined
        ? { since: now, count: 1 }
        : now - window.since <= windowMillis
          ? { since: window.since, count: window.count + 1 }
          : { since: now, count: 0 }
    return window.count > (options.requestsPerMinute ?? 30)
  }

  /** Hands the events on, and answers the codes of those that it could not; `undefined` where nobody listens. */
  const handOn = Effect.fnUntraced(function* (
    events: ReadonlyArray<string>,
    failing: (index: number) => number | undefined,
  ) {
    const connection = connectDatagram(options.socketPath)
    if (typeof connection === "string") return undefined
    setSendTimeout(connection.fd, 1000)
    const failed: Array<readonly [string, number]> = []
    for (const [index, event] of events.entries()) {
      const message = Buffer.from(HEADER + event)
      const code = message.length > MAX_MESSAGE ? 1012 : failing(index)
      if (code !== undefined) {
        failed.push([event, code])
        continue
      }
      const sent = sendNow(connection.fd, message)
      const answer =
        sent === "EAGAIN" ? yield* Effect.promise(() => sendBlocking(connection.fd, message)) : sent
      if (answer !== "sent") failed.push([event, 1014])
    }
    closeFd(connection.fd)
    return failed
  })

  const ingest = Effect.fnUntraced(function* (request: Request, now: number): Effect.fn.Return<Reply> {
    if (isOverLimit(now)) return problem(429, "Maximum number of requests per minute reached", 6005)
    const until = tokens.get((request.headers.authorization ?? "").replace(/^Bearer /, ""))
    if (until === undefined || until <= now) return problem(401, "No authorization token provided")
    if (Buffer.byteLength(request.body) > (options.maxBodyBytes ?? 10_485_760))
      return problem(413, "Content size exceeded.")
    const events = eventsIn(request.body)
    if (events === undefined || events.length > MAX_EVENTS) return problem(400, "Invalid request")
    const fault = events.length >= (faults[0]?.events ?? 1) ? faults.shift()?.fault : undefined
    if (fault?.kind === "status") return problem(fault.status, "A fault", fault.code)
    const silent: Reply | undefined =
      fault?.kind === "hang" ? { _tag: "Hang" } : fault?.kind === "hang-up" ? { _tag: "HangUp" } : undefined
    if (silent !== undefined && fault !== undefined && "taken" in fault && !fault.taken) return silent
    const failed = yield* handOn(events, (index) =>
      fault?.kind === "fail-items" && index % fault.every === 0 ? fault.code : undefined,
    )
    if (silent !== undefined) return silent
    if (failed === undefined) return problem(500, "Wazuh Internal Error: Unable to connect to queue", 1010)
    return json(200, failedItems(events.length, failed))
  })

  const server = yield* listen((request) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const isIngest = request.method === "POST" && request.path === "/events"
      const isAuthentication = request.path === "/security/user/authenticate"
      const reply = isIngest
        ? yield* ingest(request, now)
        : isAuthentication
          ? logIn(request, now)
          : problem(404, "Not found")
      const status = reply._tag === "Answer" ? reply.status : reply._tag
      yield* count(`${isIngest ? "events" : isAuthentication ? "login" : "other"}-${status}`)
      return reply
    }),
  )

  return {
    ...server,
    fault: (fault, times = 1, events = 1) =>
      Effect.sync(() => {
        faults.push(...Array.from({ length: times }, () => ({ fault, events })))
      }),
    clearFaults: Effect.sync(() => {
      faults = []
    }),
    revokeTokens: Effect.sync(() => {
      tokens = new Map()
    }),
    setPassword: (next) =>
      Effect.sync(() => {
        password = next
      }),
    counts: Ref.get(counts),
  }
})
