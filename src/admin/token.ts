/** Whether a request may be answered: the bearer token, and what a browser says of where it comes from. */
import { createHash, timingSafeEqual } from "node:crypto"
import { Effect, Layer, Redacted } from "effect"
import { LOOPBACK } from "../config/addresses.ts"
import { AdminToken } from "./api.ts"
import { Unauthorized } from "./problems.ts"

const digest = (text: string) => createHash("sha256").update(text).digest()

/** Takes as long for a wrong token as for the right one; digests, because only equal lengths can be compared so. */
export const isSameSecret = (one: Redacted.Redacted, other: Redacted.Redacted): boolean =>
  timingSafeEqual(digest(Redacted.value(one)), digest(Redacted.value(other)))

const refusal = Effect.fail(
  new Unauthorized({
    detail: "Send the token of admin.token (or of the file admin.token_file) as `Authorization: Bearer …`.",
  }),
)

/** @param current what is asked for at each request; nothing when absent, which only a loopback address may have */
export const layer = (current: () => Redacted.Redacted | undefined) =>
  Layer.succeed(
    AdminToken,
    AdminToken.of({
      token: (answer, { credential }) =>
        Effect.andThen(
          Effect.suspend(() => {
            const token = current()
            return token === undefined || isSameSecret(token, credential) ? Effect.void : refusal
          }),
          answer,
        ),
    }),
  )

/** The host of a `Host` or `Origin`, or undefined where it is none. */
const hostOf = (authority: string): string | undefined => URL.parse(`http://${authority}`)?.hostname

/**
 * Why a request without a token is refused although it came to a loopback address: a page in a browser on this
 * machine may have sent it, under a name of its own that leads here (DNS rebinding), or from another origin.
 */
export const refusalOfBrowser = (
  headers: Readonly<Record<string, string | undefined>>,
): string | undefined => {
  const { host, origin } = headers
  const named = hostOf(host ?? "")
  if (host === undefined || named === undefined || !LOOPBACK.test(named))
    return "Without admin.token only requests to localhost, 127.0.0.1 or [::1] are answered."
  const site = headers["sec-fetch-site"]
  const ownOrigin = origin === undefined || origin === `http://${host}`
  if (!ownOrigin || (site !== undefined && site !== "same-origin" && site !== "none"))
    return "Without admin.token a web page of another origin gets no answer."
  return undefined
}
