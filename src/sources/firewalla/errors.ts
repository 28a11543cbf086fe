/** The wording of what can go wrong with the MSP API: what happened, where, and what to do. */
import { SourceError, type SourceErrorReason } from "../Source.ts"
import { type MspRequest, requestText } from "./MspApi.ts"

/** The error of one request to the portal on `host`. No text in `reason` may hold the token. */
export const sourceError = (host: string, request: MspRequest, reason: SourceErrorReason): SourceError =>
  new SourceError({
    feed: request.feed,
    request: requestText(request),
    reason,
    message: `${request.feed}: GET ${requestText(request)} on ${host}: ${explain(reason)}`,
  })

const PROXY = "source.firewalla.proxy (or HTTPS_PROXY)"

/** For a proxy that can't be talked to. */
export const PROXY_AWAY = `Check that the proxy runs and can be reached from here, and that ${PROXY} names it.`

export const through = (proxy: string | undefined): string =>
  proxy === undefined ? "" : ` through the proxy ${proxy}`

export const untrustedAdvice = (proxy: string | undefined): string =>
  proxy === undefined
    ? "If something on the way inspects TLS, name its CA as source.firewalla.ca_file; otherwise somebody stands between."
    : "If the proxy inspects TLS (or is asked by https itself), name its CA as source.firewalla.ca_file or NODE_EXTRA_CA_CERTS; otherwise somebody stands between."

/** What to do where a proxy answers a CONNECT with anything but 200. */
export const proxyAdvice = (status: number): string => {
  if (status === 407)
    return `It wants a user and a password, or others: write them into ${PROXY}, as http://user:password@host:port, better in a file that source.firewalla.proxy_file names.`
  if (status >= 500) return "It can't reach the portal: look at the proxy's log, and at its name resolution."
  return "Its policy forbids it: have whoever runs the proxy allow CONNECT to this host and port for this machine, or list the host in source.firewalla.no_proxy (or NO_PROXY)."
}

const explain = (reason: SourceErrorReason): string => {
  switch (reason._tag) {
    case "Unreachable":
      return reason.proxy === undefined
        ? `no connection (${reason.detail}). Check name resolution, firewall and proxy between here and the portal; the poll is tried again.`
        : `no connection through the proxy ${reason.proxy} (${reason.detail}). ${PROXY_AWAY} The poll is tried again.`
    case "Untrusted":
      return `the certificate is not trusted${through(reason.proxy)} (${reason.detail}). ${untrustedAdvice(reason.proxy)} The poll is tried again.`
    case "ProxyRefused":
      return `the proxy ${reason.proxy} opened no way to it (${reason.status}). ${proxyAdvice(reason.status)} The checkpoint stays.`
    case "TimedOut":
      return `no complete answer within ${reason.afterMillis / 1000} s${through(reason.proxy)}. If this stays, raise source.firewalla.timeout_seconds or lower the feed's page_size.`
    case "RateLimited":
      return `the portal limits requests (429${
        reason.retryAfterMillis === undefined
          ? ""
          : `, asks to wait ${Math.ceil(reason.retryAfterMillis / 1000)} s`
      }). If this stays, lower source.firewalla.requests_per_minute.`
    case "Unauthorized":
      return reason.status === 401
        ? "the token was refused (401): create a new personal access token in the MSP portal (Account Settings), put it where source.firewalla.token points and start again. Nothing is fetched until then; the checkpoint stays."
        : "the token is valid but may not read this (403): give its user access to the boxes in the MSP portal, or correct source.firewalla.box or group. Nothing is fetched until then; the checkpoint stays."
    case "Refused":
      return `refused with status ${reason.status}${detailOf(reason.detail)}. ${adviceFor(reason.status)}`
    case "ServerError":
      return `the portal failed with status ${reason.status}${detailOf(reason.detail)}. The poll is tried again; a wrong box or group id can also look like this (502).`
    case "Truncated":
      return `the reply was cut short (${reason.detail}). It was not used; the poll is tried again.`
    case "NotJson":
      return `the reply is not JSON but ${reason.contentType}. A proxy or a login page may have answered, or source.firewalla.domain is not an MSP portal.`
    case "BadShape":
      return reason.detail
    case "RepeatedCursor":
      return `page ${reason.page} led back to a page that was read before: an endless loop of the API. The poll was ended there; the checkpoint stays at what was read in full.`
  }
}

const detailOf = (detail: string): string => (detail === "" ? "" : `: ${detail}`)

const adviceFor = (status: number): string => {
  if (status >= 300 && status < 400) {
    return "Redirects are not followed, since the token would go along: correct source.firewalla.domain or base_url."
  }
  return status === 404
    ? "Check source.firewalla.domain or base_url, and box and group."
    : "Check the feed's query, and source.firewalla.box and group."
}
