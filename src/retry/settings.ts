/** The retry settings of a peer: its own where it has them, else those that hold for all. */
import type { RetryOfPeer, RetrySection } from "../config/retrySection.ts"
import type { RetrySettings } from "./decide.ts"

export interface PeerRetry {
  readonly retry: RetryOfPeer
  /** The peer's own; `retry.timeout_seconds` when absent. */
  readonly timeout_seconds?: number | undefined
}

/** `peer` is its section of the configuration, such as `source.firewalla`, `indexer` or `writer.api`. */
export const retrySettingsOf = (all: Omit<RetrySection, "max_delay">, peer: PeerRetry): RetrySettings => ({
  maxRetries: peer.retry.max_retries ?? all.max_retries,
  retryDelayMs: peer.retry.retry_delay_ms ?? all.retry_delay_ms,
  multiplier: peer.retry.multiplier ?? all.multiplier,
  jitter: peer.retry.jitter ?? all.jitter,
  maxRetryAfterSeconds: peer.retry.max_retry_after_seconds ?? all.max_retry_after_seconds,
  timeoutSeconds: peer.timeout_seconds ?? all.timeout_seconds,
})
