/** The kinds of values that say where something is on a network. */
import { isIP } from "node:net"
import { Result, Schema, SchemaTransformation } from "effect"
import { isSeen } from "./characters.ts"
import { kindOf } from "./settings.ts"

const MOST_PORT = 65_535
const MOST_NAME = 253
const LABEL = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/i

const isHostName = (name: string): boolean =>
  name.length <= MOST_NAME && name.split(".").every((label) => LABEL.test(label))
const isPort = (port: string): boolean =>
  /^[0-9]{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= MOST_PORT

export const hostName = kindOf(
  Schema.String.check(
    Schema.makeFilter((text) => {
      const [name = "", port, ...more] = text.split(":")
      return isHostName(name) && (port === undefined || isPort(port)) && more.length === 0
    }),
  ),
  { kind: "text", expected: "a host name without https:// and without a path" },
)

/** A name that a certificate is for. TLS does not send an address (RFC 6066), nor a port. */
export const serverName = kindOf(
  Schema.String.check(Schema.makeFilter((name) => isHostName(name) && isIP(name) === 0)),
  { kind: "text", expected: "a host name, no address and without a port" },
)

/** What a server may listen on: an address and no name, since who can reach it must be plain. */
export const bindAddress = kindOf(
  Schema.String.check(Schema.makeFilter((address) => address === "localhost" || isIP(address) !== 0)),
  { kind: "text", expected: "an IP address such as 127.0.0.1, ::1 or 0.0.0.0, or localhost" },
)

/** Whether only this machine (or this container) can reach what listens there. */
export const isLoopback = (address: string): boolean =>
  address === "localhost" || address === "::1" || (isIP(address) === 4 && address.startsWith("127."))

/** The name of a URL's host that never leaves this machine. */
export const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Whether nothing that is sent to this URL can be read on a network. */
export const isEncryptedOrLoopback = (address: string): boolean => {
  const url = URL.parse(address)
  return (
    url !== null && (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname)))
  )
}

/**
 * `URL` alone forgives much: it cuts off blanks, takes one slash or three for two and a backslash for a slash, and
 * leaves nothing of an empty user or query. So a text is judged as it is before it is.
 */
const PLAIN_URL = /^https?:\/\/[^/\\?#@]+(?:\/[^\\?#]*)?$/i
const isPlainUrl = (address: string): boolean =>
  /^[\x21-\x7e]+$/.test(address) &&
  PLAIN_URL.test(address) &&
  URL.canParse(address) &&
  new URL(address).port !== "0"

/** Decoded as text without a slash at the end. User and password in it are refused: a URL gets into logs. */
export const url = kindOf(
  Schema.String.check(
    Schema.makeFilter((address) => isEncryptedOrLoopback(address) && isPlainUrl(address)),
  ).pipe(
    Schema.decodeTo(
      Schema.String,
      SchemaTransformation.transform({
        decode: (address) => address.replace(/\/+$/, ""),
        encode: (address) => address,
      }),
    ),
  ),
  {
    kind: "url",
    expected:
      "an https:// URL (http:// only to localhost, 127.0.0.0/8 or [::1]) without user, password or query",
  },
)

/** Also `http` to another machine: for what is sent without a password, or where it is warned of. */
export const anyUrl = kindOf(Schema.String.check(Schema.makeFilter(isPlainUrl)), {
  kind: "url",
  expected: "an http:// or https:// URL without user, password or query",
})

/** Says that no proxy is to be used, whatever the environment has. */
export const NO_PROXY = "none"

const PROXY_URL = /^https?:\/\/(?:[^/\\?#@]*@)?[^/\\?#@]+\/?$/i

/** What goes into `Proxy-Authorization`: percent-decoded, with a colon only between user and password (RFC 7617). */
const hasUsableLogin = ({ password, username }: URL): boolean => {
  const parts = [username, password].map((part) => Result.try(() => decodeURIComponent(part)))
  return (
    parts.every(Result.isSuccess) && parts.every(({ success }) => isSeen(success)) && !/%3a/i.test(username)
  )
}

const isProxy = (text: string): boolean => {
  if (text === NO_PROXY) return true
  const address = /^[\x21-\x7e]+$/.test(text) && PROXY_URL.test(text) ? URL.parse(text) : null
  return address !== null && address.port !== "0" && hasUsableLogin(address)
}

/** A secret, since user and password of the proxy are part of its URL. */
export const proxy = (label: string) =>
  kindOf(Schema.RedactedFromValue(Schema.String.check(Schema.makeFilter(isProxy)), { label }), {
    kind: "secret",
    expected:
      "the http:// or https:// URL of an HTTP proxy, with no path (SOCKS is not spoken; signs in user and password percent-encoded), or none",
  })
