/** What the Firewalla source is told by the configuration, and the checks that a URL needs before a token goes there. */
import { Data, type Duration, Effect, Redacted } from "effect"
import { NO_PROXY } from "../../config/addresses.ts"
import type { Config } from "../../config/Config.ts"
import type { RetrySettings } from "../../retry/decide.ts"
import type { Way } from "../outside.ts"

/**
 * While it runs, these may change: the token, the requests a minute, and of a feed all but how far its first run goes
 * back. Which feeds there are may not.
 */
export interface FirewallaOptions {
  /** The whole base, e.g. `https://acme.firewalla.net/v2`; see `baseUrlOfDomain`. */
  readonly baseUrl: string
  /** The personal access token of the MSP portal. */
  readonly token: Redacted.Redacted
  /** How the API is reached; see `outside.ts`. As at the start. */
  readonly way?: Way | undefined
  /** Only the box with this gid. */
  readonly box?: string | undefined
  /** Only the boxes of the group with this id. */
  readonly group?: string | undefined
  /** Requests that all feeds together may start in a minute. */
  readonly requestsPerMinute: number
  /** How far back the API still has records; depends on the plan. Nothing older is asked for. */
  readonly retention: Duration.Duration
  /** The largest reply that is read, in bytes. */
  readonly maxPageBytes: number
  /** The quick retries within a poll, and how long one request may take. */
  readonly retry: RetrySettings
  /** A feed that is left out is off. */
  readonly feeds: {
    readonly alarms?: TimeFeedOptions | undefined
    readonly flows?: FlowsOptions | undefined
    readonly devices?: DevicesOptions | undefined
  }
}

export interface TimeFeedOptions {
  readonly interval: Duration.Duration
  /** How far before the checkpoint a poll begins, to catch what the API has only since then. */
  readonly overlap: Duration.Duration
  /** How far back the first poll of all begins. */
  readonly firstRun: Duration.Duration
  /** Records a request; the API gives at most 500. */
  readonly pageSize: number
  /** The longest stretch of time that is asked for at once. */
  readonly slice: Duration.Duration
  /** More of the API's query language, e.g. `-status:2`. */
  readonly query?: string | undefined
}

export interface FlowsOptions extends TimeFeedOptions {
  /** `notable`: only flows that are blocked, over 1,000,000 bytes, or of no known category. */
  readonly only: "all" | "notable"
}

export interface DevicesOptions {
  readonly interval: Duration.Duration
}

export class InvalidFirewallaOptions extends Data.TaggedError("InvalidFirewallaOptions")<{
  /** What is wrong with which option, and what to write instead. */
  readonly message: string
}> {}

/** What the configuration says of the way to the API. */
export const wayOf = ({ ca_file, no_proxy, proxy }: Config["source"]["firewalla"]): Way => ({
  caFile: ca_file,
  noProxy: no_proxy,
  proxy: proxy !== undefined && Redacted.value(proxy) === NO_PROXY ? undefined : proxy,
})

/** The base URL of an MSP domain such as `acme.firewalla.net`. */
export const baseUrlOfDomain = (domain: string): string => `https://${domain}/v2`

/**
 * The base URL, without a slash at its end. Plain http is only taken for this machine itself, because the token goes
 * with every request.
 */
export const checkBaseUrl = Effect.fnUntraced(function* (text: string) {
  const wrong = (problem: string) =>
    new InvalidFirewallaOptions({
      message: `source.firewalla.base_url ${problem}. Write it like https://<your domain>.firewalla.net/v2, or set source.firewalla.domain instead.`,
    })
  const url = URL.parse(text)
  if (url === null) return yield* wrong("is not a URL")
  if (url.username !== "" || url.password !== "") return yield* wrong("must not hold a user or a password")
  if (url.search !== "" || url.hash !== "") return yield* wrong("must not hold a query or a fragment")
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return yield* wrong(`has the scheme ${url.protocol}`)
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    return yield* wrong(
      `would send the token unencrypted to ${url.hostname}; http is only for this machine itself`,
    )
  }
  return new URL(`${url.origin}${url.pathname.replace(/\/+$/, "")}`)
})

/** `hostname` is as URL gives it: lower case, IPv4 in four decimal parts, IPv6 in brackets. */
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname)
