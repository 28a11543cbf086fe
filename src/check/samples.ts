/**
 * One event of each kind that Waybill writes, made by the real normalizers: what the manager is asked about. None of them
 * is sent: logtest works on a copy of the rules and writes no alert (src/analysisd/logtest.c).
 */
import { Result } from "effect"
import type { Envelope } from "../domain/Envelope.ts"
import { type Event, withAttempt } from "../domain/Event.ts"
import { ALARM, DEVICE_CHANGE, FLOW, firewallaNormalizers } from "../normalizers/firewalla/registrations.ts"
import { normalizeEvent } from "../normalizers/hec/event.ts"
import { make } from "../normalizers/Registry.ts"
import { statusJson } from "../status/statusJson.ts"
import { canaryJson } from "../verify/Canary.ts"

export type Kind = "alarm" | "flow" | "device_change" | "event" | "sidecar_status" | "canary"

export interface Sample {
  readonly kind: Kind
  /** As it follows the location on the wire. */
  readonly message: string
}

const GID = "00000000-0000-0000-0000-000000000000"
const DEVICE = { id: "AA:BB:CC:DD:EE:01", ip: "192.0.2.10", name: "waybill check" }
const END = { id: DEVICE.id, name: DEVICE.name, ip: DEVICE.ip, portInfo: { port: 49152 } }

const recordsAt = (at: number) =>
  [
    [
      "alarm",
      ALARM,
      {
        gid: GID,
        aid: 1,
        type: 5,
        status: 1,
        ts: at / 1000,
        message: "A sample of waybill check",
        device: DEVICE,
      },
    ],
    [
      "flow",
      FLOW,
      {
        ...{ ts: at / 1000, gid: GID, protocol: "tcp", direction: "outbound", block: false },
        ...{ download: 1000, upload: 1000, duration: 1, count: 1, category: "social", region: "US" },
        ...{ domain: "example.com", device: DEVICE, source: END },
        destination: { id: "example.com", name: "example.com", ip: "203.0.113.10", portInfo: { port: 443 } },
      },
    ],
    [
      "device_change",
      DEVICE_CHANGE,
      { observed_at: new Date(at).toISOString(), change_type: "new_device", gid: GID, device: DEVICE },
    ],
  ] as const

const firewalla = make(firewallaNormalizers)

const envelopeAt = (at: number) => ({
  id: "waybill-check",
  format: "json" as const,
  attributes: {},
  received_at: new Date(at).toISOString(),
})

/** An event of each kind that Firewalla's feeds make. @param at epoch milliseconds */
export const polledSamples = (at: number): ReadonlyArray<Event> =>
  recordsAt(at).map(([, source_type, payload]) =>
    Result.getOrThrow(firewalla({ ...envelopeAt(at), source: "firewalla-msp", source_type, payload })),
  )

/** An event as one of HEC's senders would push it. @param at epoch milliseconds */
export const pushedSample = (at: number, token: string, source_type: string): Event => {
  const payload = { message: "A sample of waybill check" }
  const pushed: Envelope = { ...envelopeAt(at), source: "hec", source_type, attributes: { token }, payload }
  return Result.getOrThrow(normalizeEvent(pushed))
}

/** @param at epoch milliseconds */
export const samplesAt = (at: number): ReadonlyArray<Sample> => {
  const attempt = { batch: "waybill-check", attempt: 1, sentAt: new Date(at).toISOString() }
  const sampleOf = (event: Event): Sample => ({
    kind: event.type,
    message: `waybill: ${withAttempt(event, attempt)}`,
  })
  const status = { kind: "heartbeat", message: "A sample of waybill check", fields: {}, at } as const
  return [
    ...[...polledSamples(at), pushedSample(at, "check", "waybill:check")].map(sampleOf),
    { kind: "sidecar_status", message: `waybill: ${statusJson(status, at)}` },
    { kind: "canary", message: `waybill: ${canaryJson("waybill-check-0", attempt)}` },
  ]
}
