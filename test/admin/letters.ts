/** Letters that wait, under names and contents that tests know. */
import type { DeadLetterReason } from "../../src/dead-letters/DeadLetters.ts"
import * as MemoryDeadLetters from "../../src/dead-letters/MemoryDeadLetters.ts"

/** As an older script's documentation shows it. */
export const letter = (
  n: number,
  reason: DeadLetterReason = "normalization_failed",
  source = "firewall",
) => ({
  timestamp: "2024-11-04T01:02:03Z",
  envelope: {
    id: `evt-${n}`,
    source,
    source_type: "cisco_asa",
    format: "json" as const,
    payload: '{"a":"1"}',
    attributes: { host: "fw01.example.com" },
    received_at: "2024-11-04T01:02:03Z",
  },
  error: "no normalizer registered for format=json source_type=cisco_asa",
  reason,
  attempts: 1,
  last_attempt: "2024-11-04T01:02:03Z",
})

export const keyOf = (n: number) => `failed_${1_699_040_123 + n}_${n}`

/** Letters 0 to `count`, by the names of their files. */
export const files = (count: number, of: (n: number) => object = (n) => letter(n)): Map<string, string> =>
  new Map(Array.from({ length: count }, (_, n) => [`${keyOf(n)}.json`, JSON.stringify(of(n))]))

export const waiting = (count: number, of?: (n: number) => object) =>
  MemoryDeadLetters.layer(files(count, of))
