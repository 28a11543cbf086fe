import { assert, describe, it } from "@effect/vitest"
import { retrySettingsOf } from "../../src/retry/settings.ts"

const all = {
  max_retries: 3,
  retry_delay_ms: 100,
  multiplier: 2,
  jitter: false,
  max_retry_after_seconds: 300,
  timeout_seconds: 10,
}

describe("retrySettingsOf", () => {
  it("takes what holds for all where the peer has nothing of its own", () => {
    assert.deepStrictEqual(retrySettingsOf(all, { retry: {} }), {
      maxRetries: 3,
      retryDelayMs: 100,
      multiplier: 2,
      jitter: false,
      maxRetryAfterSeconds: 300,
      timeoutSeconds: 10,
    })
  })

  it("prefers each value of the peer, also 0 and false", () => {
    const peer = {
      timeout_seconds: 0.5,
      retry: {
        max_retries: 0,
        retry_delay_ms: 7,
        multiplier: 1.5,
        jitter: false,
        max_retry_after_seconds: 0,
      },
    }
    assert.deepStrictEqual(retrySettingsOf({ ...all, jitter: true }, peer), {
      maxRetries: 0,
      retryDelayMs: 7,
      multiplier: 1.5,
      jitter: false,
      maxRetryAfterSeconds: 0,
      timeoutSeconds: 0.5,
    })
  })
})
