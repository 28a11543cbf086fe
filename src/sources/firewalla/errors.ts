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

const explain = (reason: SourceErrorReason): string => {
  switch (reason._tag) {
    case "Unreachable":
      return `no connection (${reason.detail}). Check name resolution, firewall and proxy between here and the portal; the poll is tried again.`
    case "TimedOut":
      return `no complete answer within ${reason.afterMillis / 1000} s. If this stays, raise source.firewalla.timeout_seconds or lower the feed's page_size.`
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
