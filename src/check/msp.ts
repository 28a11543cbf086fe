/** The MSP portal: its address, its token, the box; and how far back it has flows. */
import { Clock, Duration, Effect } from "effect"
import type { Config } from "../config/Config.ts"
import { retrySettingsOf } from "../retry/settings.ts"
import { PROXY_AWAY, proxyAdvice, through, untrustedAdvice } from "../sources/firewalla/errors.ts"
import { layerHttp } from "../sources/firewalla/httpMspApi.ts"
import { MspApi } from "../sources/firewalla/MspApi.ts"
import { baseUrlOfDomain, wayOf } from "../sources/firewalla/options.ts"
import { type BoxFilter, timeQuery } from "../sources/firewalla/query.ts"
import { isRecord, textOf, tsOf } from "../sources/firewalla/records.ts"
import type { SourceErrorReason } from "../sources/Source.ts"
import { type Check, type Finding, fail, ok, warn } from "./Check.ts"

const FEED = "check"
const DAY = 86_400

/** What to do, where nothing will be tried again by itself. */
export const explain = (host: string, reason: SourceErrorReason): Finding => {
  const address = "source.firewalla.domain (or base_url)"
  switch (reason._tag) {
    case "Unreachable":
      return fail(
        `No connection to ${host}${through(reason.proxy)} (${reason.detail}).`,
        reason.proxy !== undefined
          ? PROXY_AWAY
          : `Check ${address}, and name resolution, firewall and proxy between here and the portal.`,
      )
    case "Untrusted":
      return fail(
        `The certificate that ${host} shows${through(reason.proxy)} is not trusted (${reason.detail}).`,
        untrustedAdvice(reason.proxy),
      )
    case "ProxyRefused":
      return fail(
        `The proxy ${reason.proxy} opens no way to ${host} (${reason.status}).`,
        proxyAdvice(reason.status),
      )
    case "TimedOut":
      return fail(
        `${host} did not answer within ${reason.afterMillis / 1000} s${through(reason.proxy)}.`,
        "Check the network, or raise source.firewalla.timeout_seconds.",
      )
    case "RateLimited":
      return warn(
        `${host} has had too many requests (429).`,
        "Try again in some minutes; if this stays, lower source.firewalla.requests_per_minute.",
      )
    case "Unauthorized":
      return reason.status === 401
        ? fail(
            `${host} refuses the token (401).`,
            "Make a personal access token in the portal (Account Settings) and put it where source.firewalla.token or token_file points.",
          )
        : fail(
            `${host} knows the token, and it may not read this (403).`,
            "Give its user access to the boxes in the portal, or correct source.firewalla.box or group.",
          )
    case "Refused":
      return fail(
        `${host} refuses the request (${reason.status}${reason.detail === "" ? "" : `: ${reason.detail}`}).`,
        reason.status < 400 || reason.status === 404
          ? `Check ${address}: it is not the API of an MSP portal.`
          : "Check source.firewalla.box and group.",
      )
    case "ServerError":
      return warn(
        `${host} failed with ${reason.status}.`,
        "Try again later; a wrong source.firewalla.box or group can also look like this.",
      )
    case "NotJson":
    case "BadShape":
      return fail(
        `${host} does not answer as an MSP portal does.`,
        `Check ${address}; a proxy or a login page may have answered.`,
      )
    case "Truncated":
    case "RepeatedCursor":
      return warn(
        `An answer of ${host} was cut short.`,
        "Try again; if this stays, look at the proxies between here and the portal.",
      )
  }
}

const get = Effect.fnUntraced(function* (path: string, params: Readonly<Record<string, string>>) {
  const api = yield* MspApi
  return yield* Effect.mapError(api.get({ feed: FEED, path, params }), ({ reason }) =>
    explain(api.host, reason),
  )
})

/** What the list of boxes says about the configured one. Pure. */
export const judgeBoxes = (host: string, reply: unknown, { box }: BoxFilter): Finding => {
  if (!Array.isArray(reply)) return explain(host, { _tag: "BadShape", detail: "" })
  const boxes = reply.filter(isRecord)
  const wanted = box === undefined ? boxes : boxes.filter((one) => textOf(one.gid) === box)
  if (wanted.length === 0)
    return box === undefined
      ? warn(
          `${host} takes the token, and shows it no box.`,
          "Give the token's user access to the boxes in the portal, or correct source.firewalla.group.",
        )
      : fail(
          `${host} takes the token, and has no box ${box}.`,
          "Correct source.firewalla.box: it is the gid of the box.",
        )
  const away = wanted.filter(({ online }) => online === false || online === "false").length
  return ok(
    `${host} takes the token: ${wanted.length === 1 ? "1 box" : `${wanted.length} boxes`}${away === 0 ? "" : `, ${away} of them offline`}.`,
  )
}

const days = (seconds: number): string => {
  const whole = Math.floor(seconds / DAY)
  return whole === 1 ? "1 day" : `${whole} days`
}

/**
 * What the age of the oldest flow says about `source.firewalla.retention`. Alarms are kept longer: one that is much older
 * tells that the account is old enough for flows to have been removed. Ages in seconds. Pure.
 */
export const judgeRetention = (
  setting: number,
  flow: number | undefined,
  alarm: number | undefined,
): Finding => {
  if (flow === undefined)
    return warn(
      "The portal has no flow of these boxes, so how long it keeps them can't be seen.",
      "Check source.firewalla.box and group, and that the boxes are online.",
    )
  if (flow > setting + DAY)
    return warn(
      `The portal has flows of ${days(flow)} ago, and source.firewalla.retention says ${days(setting)}.`,
      `Raise it to ${days(flow)}: what is older than it is given up as lost, though it could still be fetched.`,
    )
  if (flow < setting - DAY && alarm !== undefined && alarm > flow + DAY)
    return warn(
      `The portal's oldest flow is ${days(flow)} old, its oldest alarm ${days(alarm)}; source.firewalla.retention says ${days(setting)}.`,
      `Set it to what your plan keeps, probably ${days(flow + DAY / 2)}: a longer gap would not be reported as lost.`,
    )
  return ok(`The portal's oldest flow is ${days(flow)} old; source.firewalla.retention is ${days(setting)}.`)
}

const oldest = Effect.fnUntraced(function* (path: "/flows" | "/alarms", filter: BoxFilter, now: number) {
  const reply = yield* get(path, {
    query: timeQuery(0, now, filter, undefined),
    sortBy: "ts:asc",
    limit: "1",
  })
  const results = isRecord(reply) && Array.isArray(reply.results) ? reply.results : []
  const ts = tsOf(results[0])
  return ts === undefined ? undefined : now - ts
})

/** Both are left out where nothing is fetched from the portal. */
export const mspChecks = (config: Config): ReadonlyArray<Check> => {
  const { firewalla } = config.source
  const { box, feeds, group, token } = firewalla
  const baseUrl =
    firewalla.base_url ?? (firewalla.domain === undefined ? undefined : baseUrlOfDomain(firewalla.domain))
  if (baseUrl === undefined || token === undefined) return []
  const filter = { box, group }
  const portal = layerHttp(() => ({
    baseUrl,
    token,
    way: wayOf(firewalla),
    requestsPerMinute: firewalla.requests_per_minute,
    maxPageBytes: firewalla.max_page_bytes,
    // A person waits.
    retry: { ...retrySettingsOf(config.retry, firewalla), maxRetries: 1, maxRetryAfterSeconds: 2 },
  }))
  const over = (asking: Effect.Effect<Finding, Finding, MspApi>) =>
    asking.pipe(
      Effect.catch((found) => Effect.succeed(found)),
      Effect.provide(portal),
      Effect.catch(({ message }) => Effect.succeed(fail(message))),
    )
  const boxes = Effect.gen(function* () {
    const { host, proxy } = yield* MspApi
    const found = judgeBoxes(host, yield* get("/boxes", group === undefined ? {} : { group }), filter)
    const by = proxy?.()
    return by === undefined ? found : { ...found, message: `${found.message} It is asked${through(by)}.` }
  })
  const retention = Effect.gen(function* () {
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const flow = yield* oldest("/flows", filter, now)
    const setting = Duration.toSeconds(firewalla.retention)
    // Asked for only where it can tell a young account from a short plan.
    const isYoung = flow !== undefined && flow < setting - DAY
    return judgeRetention(setting, flow, isYoung ? yield* oldest("/alarms", filter, now) : undefined)
  })
  const msp: Check = { hop: "msp", needs: [], run: over(boxes) }
  return feeds.flows.enabled ? [msp, { hop: "retention", needs: ["msp"], run: over(retention) }] : [msp]
}
