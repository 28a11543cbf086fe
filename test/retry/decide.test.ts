import { assert, describe, it } from "@effect/vitest"
import {
  decide,
  defaultRetrySettings,
  type RequestFailure,
  type RetrySettings,
} from "../../src/retry/decide.ts"

const now = Date.parse("2026-02-22T19:13:04Z")
const status = (code: number, retryAfter?: string): RequestFailure => ({
  _tag: "Status",
  status: code,
  retryAfter,
})
const network: RequestFailure = { _tag: "Network" }
const timedOut: RequestFailure = { _tag: "TimedOut" }
const unusable: RequestFailure = { _tag: "Unusable" }

const outcome = (
  failure: RequestFailure,
  attempt: number,
  settings: Partial<RetrySettings> = {},
  random = 0,
) => {
  const decision = decide(
    failure,
    { attempt, nowMillis: now, random },
    { ...defaultRetrySettings, ...settings },
  )
  return decision._tag === "RetryAfter" ? decision.millis : decision._tag
}

type Row = readonly [RequestFailure, number, number | string, Partial<RetrySettings>?]
const table: Record<string, Row> = {
  "first retry of 500": [status(500), 1, 100],
  "second retry of 500": [status(500), 2, 200],
  "third retry of 500": [status(500), 3, 400],
  "no fourth retry": [status(500), 4, "GiveUp"],
  "502": [status(502), 1, 100],
  "503": [status(503), 1, 100],
  "599": [status(599), 1, 100],
  "429 without Retry-After": [status(429), 1, 100],
  "429 gives up too": [status(429, "1"), 4, "GiveUp"],
  network: [network, 2, 200],
  "time-out": [timedOut, 3, 400],
  "network gives up": [network, 4, "GiveUp"],
  "an unusable answer": [unusable, 1, "GiveUp"],
  "400": [status(400), 1, "GiveUp"],
  "404": [status(404), 1, "GiveUp"],
  "409": [status(409), 1, "GiveUp"],
  "302": [status(302), 1, "GiveUp"],
  "401 holds": [status(401), 1, "Hold"],
  "403 holds": [status(403), 1, "Hold"],
  "401 holds whatever Retry-After says": [status(401, "1"), 1, "Hold"],
  "401 still holds after the last try": [status(401), 9, "Hold"],
  "Retry-After in seconds is a floor": [status(429, "2"), 1, 2000],
  "Retry-After below the wait does not shorten it": [status(503, "0"), 2, 200],
  "Retry-After as an HTTP date": [status(429, "Sun, 22 Feb 2026 19:13:09 GMT"), 1, 5000],
  "Retry-After as a date that has passed": [status(429, "Sun, 22 Feb 2026 19:13:00 GMT"), 1, 100],
  "Retry-After is capped": [status(429, "86400"), 1, 300_000],
  "Retry-After is capped by the setting": [status(429, "86400"), 1, 7000, { maxRetryAfterSeconds: 7 }],
  "Retry-After that cannot be read": [status(429, "soon"), 1, 100],
  "Retry-After below zero": [status(429, "-5"), 1, 100],
  "Retry-After on 404 changes nothing": [status(404, "1"), 1, "GiveUp"],
  "no retries by setting": [status(500), 1, "GiveUp", { maxRetries: 0 }],
  "other delay and multiplier": [status(500), 3, 90, { retryDelayMs: 10, multiplier: 3 }],
}

describe("decide", () => {
  for (const [name, [failure, attempt, expected, settings]] of Object.entries(table)) {
    it(name, () => assert.strictEqual(outcome(failure, attempt, settings), expected))
  }

  it("jitter spreads a wait over 80 to 120 % of it", () => {
    assert.deepStrictEqual(
      [0, 0.5, 1].map((random) => outcome(status(500), 1, { jitter: true }, random)),
      [80, 100, 120],
    )
  })

  it("jitter never goes below what Retry-After asks for", () => {
    assert.strictEqual(outcome(status(429, "1"), 1, { jitter: true }, 0), 1000)
  })
})
