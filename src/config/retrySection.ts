/** The keys under `retry`, and those that each peer may have of its own. */
import type { Schema } from "effect"
import { duration, flag, integer, number, optional, section, withDefault } from "./settings.ts"

const keys = {
  max_retries: {
    of: integer(0, 100),
    description: "Quick tries after the first; after them it is tried for ever, at `max_delay`.",
  },
  retry_delay_ms: {
    of: integer(1, 600_000),
    description: "The wait before the first of them, in milliseconds.",
  },
  multiplier: { of: number(1, 10), description: "Each wait is so many times the one before." },
  jitter: { of: flag, description: "Whether waits vary at random by up to a fifth." },
  max_retry_after_seconds: {
    of: integer(0, 86_400),
    description: "The longest wait that a peer may ask for by Retry-After; a longer one is cut to this.",
  },
}

export const retry = section("How often and how fast a request that failed is made again.", {
  max_retries: withDefault(keys.max_retries.of, 3, keys.max_retries.description),
  retry_delay_ms: withDefault(keys.retry_delay_ms.of, 100, keys.retry_delay_ms.description),
  multiplier: withDefault(keys.multiplier.of, 2, keys.multiplier.description),
  jitter: withDefault(keys.jitter.of, false, keys.jitter.description),
  max_retry_after_seconds: withDefault(
    keys.max_retry_after_seconds.of,
    300,
    keys.max_retry_after_seconds.description,
  ),
  timeout_seconds: withDefault(
    number(0.1, 600),
    10,
    "How long one try may take, for a peer that has no `timeout_seconds` of its own.",
  ),
  max_delay: withDefault(
    duration,
    "30 seconds",
    "The longest wait between two tries while a source, the writer or a disk stays away. The indexer is asked at `verify.max_interval`.",
  ),
})

const own = (name: string) => `\`retry.${name}\` for this peer alone.`

/** `<peer>.retry`: what this peer has instead of the value under `retry`. */
export const retryOfPeer = section("Retries of requests to this peer, where they differ from `retry`.", {
  max_retries: optional(keys.max_retries.of, 3, own("max_retries")),
  retry_delay_ms: optional(keys.retry_delay_ms.of, 100, own("retry_delay_ms")),
  multiplier: optional(keys.multiplier.of, 2, own("multiplier")),
  jitter: optional(keys.jitter.of, true, own("jitter")),
  max_retry_after_seconds: optional(keys.max_retry_after_seconds.of, 300, own("max_retry_after_seconds")),
})

export type RetrySection = Schema.Schema.Type<typeof retry>
export type RetryOfPeer = Schema.Schema.Type<typeof retryOfPeer>
