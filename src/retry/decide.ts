/**
 * What to do about a request that failed: the one vocabulary of retries, for every peer.
 *
 * These are the quick retries, which bridge a hiccup. A peer that stays down is a matter of the caller, who tries it
 * again at its own interval for as long as it takes.
 */
import { Duration, Result } from "effect"
import { Headers } from "effect/http"

export interface RetrySettings {
  /** Tries after the first one. */
  readonly maxRetries: number
  /** The wait before the first retry, in milliseconds. */
  readonly retryDelayMs: number
  /** By what each further wait grows. */
  readonly multiplier: number
  /** Whether a wait is spread over 80 to 120 % of its length, so that many clients do not come back at once. */
  readonly jitter: boolean
  /** How long one try may take, body included. */
  readonly timeoutSeconds: number
  /** The longest wait that a peer may ask for by Retry-After; a longer one is cut to this. */
  readonly maxRetryAfterSeconds: number
}

export const defaultRetrySettings: RetrySettings = {
  maxRetries: 3,
  retryDelayMs: 100,
  multiplier: 2,
  jitter: false,
  timeoutSeconds: 10,
  maxRetryAfterSeconds: 300,
}

/** How a request can fail, told apart only as far as retrying needs it. */
export type RequestFailure =
  | {
      readonly _tag: "Status"
      readonly status: number
      /** The Retry-After header as received: seconds, or an HTTP date. */
      readonly retryAfter?: string | undefined
    }
  /** No connection, a connection that broke, an answer that was cut short. */
  | { readonly _tag: "Network" }
  | { readonly _tag: "TimedOut" }
  /** The peer answered, and asking again would bring the same answer: it is not what was asked for. */
  | { readonly _tag: "Unusable" }

export type RetryDecision =
  | { readonly _tag: "RetryAfter"; readonly millis: number }
  | { readonly _tag: "GiveUp" }
  /** The credentials were refused: hammering would lock the account, so wait for a person and say so. */
  | { readonly _tag: "Hold" }

/** What `decide` must know beside the failure. */
export interface Try {
  /** 1 for the first try. */
  readonly attempt: number
  /** Epoch milliseconds; an HTTP date in Retry-After is measured from here. */
  readonly nowMillis: number
  /** In [0, 1): where in the spread the wait falls. Only looked at with `jitter`. */
  readonly random: number
}

export const decide = (failure: RequestFailure, made: Try, settings: RetrySettings): RetryDecision => {
  if (isRefusedLogin(failure)) return { _tag: "Hold" }
  if (!isTransient(failure) || made.attempt > settings.maxRetries) return { _tag: "GiveUp" }
  const asked = failure._tag === "Status" ? retryAfterMillis(failure.retryAfter, made.nowMillis) : undefined
  const floor = Math.min(asked ?? 0, settings.maxRetryAfterSeconds * 1000)
  const backoff = settings.retryDelayMs * settings.multiplier ** (made.attempt - 1)
  const spread = settings.jitter ? 0.8 + 0.4 * made.random : 1
  return { _tag: "RetryAfter", millis: Math.round(Math.max(backoff * spread, floor)) }
}

/** Whether asking again can help: 5xx, 429, the network and time-outs. */
export const isTransient = (failure: RequestFailure): boolean => {
  switch (failure._tag) {
    case "Status":
      return failure.status === 429 || failure.status >= 500
    case "Network":
    case "TimedOut":
      return true
    case "Unusable":
      return false
  }
}

/** How long a Retry-After header asks to wait, in milliseconds; undefined if there is none or it cannot be read. */
export const retryAfterMillis = (header: string | undefined, nowMillis: number): number | undefined => {
  if (header === undefined) return undefined
  const parsed = Headers.parseRetryAfter(header)
  return Result.isSuccess(parsed)
    ? Duration.toMillis(Headers.retryAfterDelay(parsed.success, nowMillis))
    : undefined
}

const isRefusedLogin = (failure: RequestFailure): boolean =>
  failure._tag === "Status" && (failure.status === 401 || failure.status === 403)
