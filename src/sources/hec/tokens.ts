/** Who may send: the configured tokens, and what a request says to be one of their holders. */
import { createHash, timingSafeEqual } from "node:crypto"
import { Redacted, Result } from "effect"
import { ALARM, FLOW } from "../../normalizers/firewalla/registrations.ts"
import * as Replies from "./replies.ts"

export interface Sender {
  readonly name: string
  readonly token: Redacted.Redacted
  /** Of events that name none. */
  readonly sourceType: string
  readonly allows: (sourceType: string) => boolean
  readonly ack: "optional" | "required" | "off"
  /** Whether it may send the envelope of a letter that does not wait here any more. */
  readonly mayReplay: boolean
}

/** Events of these pass for the poller's own, so `*` does not mean them. */
const TRUSTED: ReadonlySet<string> = new Set([ALARM, FLOW])

/** @param list sourcetypes with commas between them; `*` among them stands for all others */
export const allowing = (list: string, ownSourceType: string): ((sourceType: string) => boolean) => {
  const named = new Set([...list.split(",").map((one) => one.trim()), ownSourceType])
  return (sourceType) => named.has(sourceType) || (named.has("*") && !TRUSTED.has(sourceType))
}

/** `Splunk <token>`, `Telhawk <token>`, or basic with the token as password and any user. */
const tokenIn = (authorization: string): string | undefined => {
  const [, scheme = "", rest = ""] = /^(\S+)[ \t]+(\S.*?)[ \t]*$/.exec(authorization) ?? []
  switch (scheme.toLowerCase()) {
    case "splunk":
    case "telhawk":
      return rest
    case "basic": {
      const decoded = Buffer.from(rest, "base64").toString("utf8")
      const colon = decoded.indexOf(":")
      return colon === -1 || colon === decoded.length - 1 ? undefined : decoded.slice(colon + 1)
    }
    default:
      return undefined
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/**
 * Finds the sender of a request. What it takes does not depend on how much of a token is right, or whose it is.
 *
 * @param current asked at each request
 */
export const authorizing = (current: () => ReadonlyArray<Sender>) => {
  const digested = (senders: ReadonlyArray<Sender>) =>
    senders.map((sender) => ({ sender, digest: digest(Redacted.value(sender.token)) }))
  let senders = current()
  let known = digested(senders)
  return (
    authorization: string | undefined,
    hasQueryToken: boolean,
  ): Result.Result<Sender, Replies.Reply> => {
    if (authorization === undefined || authorization.trim() === "")
      return Result.fail(hasQueryToken ? Replies.queryStringAuthorization : Replies.tokenIsRequired)
    const token = tokenIn(authorization)
    if (token === undefined) return Result.fail(Replies.invalidAuthorization)
    if (senders !== current()) {
      senders = current()
      known = digested(senders)
    }
    const given = digest(token)
    let found: Sender | undefined
    for (const one of known) if (timingSafeEqual(one.digest, given)) found = one.sender
    return found === undefined ? Result.fail(Replies.invalidToken) : Result.succeed(found)
  }
}

const CHANNEL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The channel that a request names, by header or query; `undefined` where it need not name one and does not. */
export const channelOf = (
  named: string | undefined,
  isNeeded: boolean,
): Result.Result<string | undefined, Replies.Reply> => {
  if (named === undefined || named === "")
    return isNeeded ? Result.fail(Replies.dataChannelIsMissing) : Result.succeed(undefined)
  return CHANNEL.test(named) ? Result.succeed(named.toLowerCase()) : Result.fail(Replies.invalidDataChannel)
}
