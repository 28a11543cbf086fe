/**
 * The way to what lies outside: requests to a source's API, through an HTTP proxy where one is set.
 *
 * Which hosts go around the proxy is decided by undici's `EnvHttpProxyAgent` and by nothing of ours. The manager and the
 * indexer are never asked this way.
 */
import { readFile } from "node:fs/promises"
import { getCACertificates } from "node:tls"
import { NodeHttpClient } from "@effect/platform-node"
import { Data, Effect, Predicate, Redacted, type Scope } from "effect"
import type { HttpClient } from "effect/http"

export interface Way {
  /** URL of an HTTP proxy, with its user and password. Only asked for what is https. */
  readonly proxy?: Redacted.Redacted | undefined
  /** Hosts that go around it, as `EnvHttpProxyAgent` reads NO_PROXY. */
  readonly noProxy?: string | undefined
  /** PEM, trusted beside what Node trusts, both for the origin and for a proxy that is asked by https. */
  readonly caFile?: string | undefined
}

export interface Outside {
  readonly client: HttpClient.HttpClient
  /** The proxy that the last connection was made through, without user and password; undefined: none. */
  readonly proxy: () => string | undefined
}

export class CaUnusable extends Data.TaggedError("CaUnusable")<{ readonly message: string }> {}

/** A connection that was idle for longer may be dead without anybody having said so. */
const IDLE_MILLIS = 4000
const MOST_CONNECTIONS = 4

const readCa = Effect.fnUntraced(function* (file: string) {
  const pem = yield* Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (cause) =>
      new CaUnusable({
        message: `${file} can't be read (${codeOf(cause)}). Check the path, and that the user Waybill runs as may read it.`,
      }),
  })
  return pem.includes("-----BEGIN CERTIFICATE-----")
    ? [...getCACertificates("default"), pem]
    : yield* new CaUnusable({ message: `${file} holds no certificate in PEM. Put the CA's there.` })
})

/** Node's own client, which is loaded already: undici would keep 13 MB for a request every few minutes. */
const makeDirect = Effect.fnUntraced(function* (ca: ReadonlyArray<string> | undefined) {
  const agent = yield* NodeHttpClient.makeAgent({
    keepAlive: true,
    maxSockets: MOST_CONNECTIONS,
    timeout: IDLE_MILLIS,
    ...(ca === undefined ? {} : { ca: [...ca] }),
  })
  return yield* Effect.provideService(NodeHttpClient.makeNodeHttp, NodeHttpClient.HttpAgent, agent)
})

const makeProxied = Effect.fnUntraced(function* (
  url: string,
  { noProxy = "" }: Way,
  ca: ReadonlyArray<string> | undefined,
  { maxBytes, timeoutMillis }: Limits,
): Effect.fn.Return<Outside, never, Scope.Scope> {
  const { EnvHttpProxyAgent, Pool } = yield* Effect.promise(() => import("undici"))
  const shown = shownProxy(url)
  let isThrough = false
  const tls = ca === undefined ? {} : { ca: [...ca] }
  const dispatcher = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new EnvHttpProxyAgent({
          httpProxy: url,
          httpsProxy: url,
          noProxy,
          connections: MOST_CONNECTIONS,
          keepAliveTimeout: IDLE_MILLIS,
          keepAliveMaxTimeout: IDLE_MILLIS,
          allowH2: false,
          maxResponseSize: maxBytes,
          connect: tls,
          requestTls: tls,
          proxyTls: tls,
          // A CONNECT that nobody answers keeps its place among the connections; undici would wait five minutes for it.
          clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: timeoutMillis }),
          // Told of each origin; where it goes through the proxy, its connections are made by a function.
          factory: (origin, options) => {
            isThrough = Predicate.hasProperty(options, "connect") && Predicate.isFunction(options.connect)
            return new Pool(origin, options)
          },
        }),
    ),
    (agent) => Effect.promise(() => agent.destroy()),
  )
  const client = yield* Effect.provideService(
    NodeHttpClient.makeUndici,
    NodeHttpClient.Dispatcher,
    dispatcher,
  )
  return { client, proxy: () => (isThrough ? shown : undefined) }
})

export interface Limits {
  /** The largest body that is read. */
  readonly maxBytes: number
  /** How long a proxy may take to open the way; whoever asks has a time-out of his own for the rest. */
  readonly timeoutMillis: number
}

/** A client for one origin. What is not https is on this machine, and no proxy is asked for it. */
export const makeOutside = Effect.fnUntraced(function* (
  base: URL,
  way: Way,
  limits: Limits,
): Effect.fn.Return<Outside, CaUnusable, Scope.Scope> {
  const ca = way.caFile === undefined ? undefined : yield* readCa(way.caFile)
  return way.proxy === undefined || base.protocol !== "https:"
    ? { client: yield* makeDirect(ca), proxy: () => undefined }
    : yield* makeProxied(Redacted.value(way.proxy), way, ca, limits)
})

/** Scheme, host and port of a proxy: never its user and password. */
const shownProxy = (text: string): string => {
  const { hostname, port, protocol } = new URL(text)
  return `${protocol}//${hostname}:${port || (protocol === "https:" ? 443 : 80)}`
}

export const codeOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : ""

const UNTRUSTED = /^(ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH$|UND_ERR_PRX_TLS$)/

export const isUntrusted = (cause: unknown): boolean => UNTRUSTED.test(codeOf(cause))

/** The status with which a proxy refused a CONNECT: undici's `proxy-agent.js` has it in the message alone. */
export const refusalOfProxy = (cause: unknown): number | undefined => {
  const status = cause instanceof Error ? /^Proxy response \((\d{3})\)/.exec(cause.message)?.[1] : undefined
  return status === undefined ? undefined : Number(status)
}

/** By Node's client of Effect, or by undici. */
export const isTooLarge = (cause: unknown): boolean =>
  Predicate.isTagged(cause, "MaxBytesError") || codeOf(cause) === "UND_ERR_RES_EXCEEDED_MAX_SIZE"
