/** `npm run bench -- normalize`: flows from parsed record to encoded event, on one core. */
import { Result, Schema } from "effect"
import type { Envelope } from "../src/domain/Envelope.ts"
import { normalizeFlow } from "../src/normalizers/firewalla/flow.ts"
import { readFlow } from "../src/normalizers/firewalla/reading.ts"
import { Flow } from "../src/normalizers/firewalla/records.ts"
import { FLOW, firewallaNormalizers } from "../src/normalizers/firewalla/registrations.ts"
import { make } from "../src/normalizers/Registry.ts"
import { type Bench, table } from "./Bench.ts"

const TARGET = 50_000
const FLOWS = 20_000
const ROUNDS = 5

/** Some 650 bytes of JSON, every one different, with the spellings that the API mixes. */
const flowAt = (n: number): Record<string, unknown> => ({
  ts: 1_771_787_584.123 + n / 7,
  gid: "a05c15cb-95a0-48b1-8dc9-15b9e06cc971",
  protocol: n % 3 === 0 ? "udp" : "tcp",
  direction: n % 5 === 0 ? "inbound" : "outbound",
  block: n % 11 === 0,
  download: (n * 7919) % 5_000_000,
  upload: (n * 104_729) % 400_000,
  duration: ((n * 31) % 90_000) / 1000,
  count: 1 + (n % 9),
  device: {
    id: `mac:AA:BB:CC:DD:EE:${(n % 100).toString().padStart(2, "0")}`,
    ip: `192.168.4.${n % 250}`,
    name: `Living room ${n % 100}`,
    network: { id: "a84d54ee-9ca3-4b5c-a142-224254456b3d", name: "LAN 1" },
  },
  source: {
    id: `AA:BB:CC:DD:EE:${(n % 100).toString().padStart(2, "0")}`,
    name: `Living room ${n % 100}`,
    ip: `192.168.4.${n % 250}`,
    portInfo: { port: 32_768 + (n % 28_000), protocol: "tcp" },
  },
  destination: {
    id: `host-${n}.example.net`,
    name: `host-${n}.example.net`,
    ip: `203.0.113.${n % 250}`,
    portInfo: { port: 443, protocol: "tcp", name: "https" },
  },
  region: "US",
  category: n % 2 === 0 ? "social" : { name: "intel" },
  network: { id: "a84d54ee-9ca3-4b5c-a142-224254456b3d", name: "LAN 1" },
})

const envelopeOf = (payload: unknown, n: number): Envelope => ({
  id: n.toString(16).padStart(40, "0"),
  source: "firewalla-msp",
  source_type: FLOW,
  format: "json",
  payload,
  attributes: {},
  received_at: "2026-02-22T19:13:04.123Z",
})

/** The best of some rounds, in calls a second: the others share the machine with somebody else. */
const rate = <A>(items: ReadonlyArray<A>, work: (item: A) => Result.Result<unknown, unknown>): number => {
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.hrtime.bigint()
    for (const item of items)
      if (Result.isFailure(work(item))) throw new Error("a flow of the bench was refused")
    best = Math.max(best, (items.length * 1e9) / Number(process.hrtime.bigint() - started))
  }
  return Math.round(best)
}

export const bench: Bench = {
  name: "normalize",
  about: "flows normalized, checked and encoded a second, on one core",
  run: async (say) => {
    const payloads = Array.from({ length: FLOWS }, (_, n) => flowAt(n))
    const envelopes = payloads.map(envelopeOf)
    const normalize = make(firewallaNormalizers)
    say(`${FLOWS} flows, best of ${ROUNDS} rounds`)
    const events_per_second = rate(envelopes, normalize)
    const sample = Result.getOrThrow(normalizeFlow(envelopeOf(flowAt(7), 7)))
    return {
      passed: events_per_second >= TARGET,
      unit: "events/s",
      figures: {
        events_per_second,
        target: TARGET,
        reading_per_second: rate(payloads, readFlow),
        schema_decoding_per_second: rate(payloads.slice(0, 2_000), Schema.decodeUnknownResult(Flow)),
        input_bytes: Buffer.byteLength(JSON.stringify(flowAt(7))),
        output_bytes: sample.bytes,
      },
    }
  },
}

if (import.meta.main) {
  const { passed, figures } = await bench.run((line) => process.stdout.write(`  ${line}\n`))
  process.stdout.write(`${table([...Object.entries(figures), ["passed", passed ? "yes" : "no"]])}\n`)
}
