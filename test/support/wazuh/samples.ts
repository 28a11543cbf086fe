/** One realistic event, and its neighbours, for every rule: what `wazuh/tests/*.ini` are written from. */
import { createHash } from "node:crypto"
import { Result } from "effect"
import type { Envelope } from "../../../src/domain/Envelope.ts"
import { withAttempt } from "../../../src/domain/Event.ts"
import {
  ALARM,
  DEVICE_CHANGE,
  FLOW,
  firewallaNormalizers,
} from "../../../src/normalizers/firewalla/registrations.ts"
import { normalizeEvent } from "../../../src/normalizers/hec/event.ts"
import type { Normalizer } from "../../../src/normalizers/Normalizer.ts"
import { make } from "../../../src/normalizers/Registry.ts"
import { type StatusKind, statusJson } from "../../../src/status/statusJson.ts"
import { canaryJson } from "../../../src/verify/Canary.ts"

const normalize = make(firewallaNormalizers)

const ATTEMPT = { batch: "01JQZ4M9-000001", attempt: 1, sentAt: "2026-02-22T19:13:05.000Z" }
const AT = Date.parse("2026-02-22T19:13:04.123Z")

/** As the writers put it on the wire. */
const message = (json: string): string => `waybill: ${json}`

/** The same sample always has the same id. */
const idOf = (...parts: ReadonlyArray<unknown>): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16)

const onWire = (normalizer: Normalizer, envelope: Envelope): string =>
  message(withAttempt(Result.getOrThrow(normalizer(envelope)), ATTEMPT))

/** What the normalizers make of a record, with a `waybill` block. */
export const normalized = (sourceType: string, payload: object): string =>
  onWire(normalize, {
    id: idOf(sourceType, payload),
    source: "firewalla-msp",
    source_type: sourceType,
    format: "json",
    payload,
    attributes: {},
    received_at: "2026-02-22T19:13:04.500Z",
  })

const GID = "a05c15cb-95a0-48b1-8dc9-15b9e06cc971"
const DEVICE = {
  id: "AA:BB:CC:DD:EE:01",
  ip: "192.168.4.123",
  name: "Reception iPad",
  macVendor: "Apple, Inc.",
  network: { id: "a84d54ee-9ca3-4b5c-a142-224254456b3d", name: "LAN 1" },
}

export const alarm = (type: number, message: string, more: object = {}): string =>
  normalized(ALARM, {
    gid: GID,
    aid: 2400 + type,
    type,
    status: 1,
    ts: 1771787584.123,
    direction: "outbound",
    message,
    device: { ...DEVICE, port: [38850] },
    ...more,
  })

export const flow = (more: object = {}): string =>
  normalized(FLOW, {
    ts: 1771787584.123,
    gid: GID,
    protocol: "tcp",
    direction: "outbound",
    block: false,
    download: 12_345,
    upload: 678,
    duration: 3.2,
    count: 1,
    category: "social",
    domain: "example.com",
    region: "US",
    device: DEVICE,
    source: { id: DEVICE.id, name: DEVICE.name, ip: DEVICE.ip, portInfo: { port: 49152 } },
    destination: { id: "example.com", name: "example.com", ip: "203.0.113.10", portInfo: { port: 443 } },
    ...more,
  })

/** A blocked flow has no bytes. */
export const blocked = (more: object = {}): string =>
  flow({
    block: true,
    blockType: "dns",
    download: undefined,
    upload: undefined,
    duration: undefined,
    ...more,
  })

export const deviceChange = (change_type: string, more: object = {}): string =>
  normalized(DEVICE_CHANGE, {
    observed_at: "2026-02-22T19:13:04.123Z",
    change_type,
    gid: GID,
    device: { ...DEVICE, online: true, totalDownload: 12_345_678, totalUpload: 234_567 },
    ...more,
  })

/** With an id of the sample's own, where a running Waybill takes a random one. */
export const status = (
  kind: StatusKind,
  text: string,
  fields: Record<string, string | number> = {},
): string => {
  const json = statusJson({ kind, message: text, fields, at: AT }, AT + 20)
  return message(json.replaceAll(/status-[0-9a-f-]{36}/g, `status-${idOf(kind, text, fields)}`))
}

export const canary = (): string => message(canaryJson("canary-1-0", { ...ATTEMPT, batch: "canary-1" }))

/** An event of Waybill's that no rule but the last one knows. */
export const unknown = (): string =>
  message(
    `{"source":"waybill","event_type":"of-a-later-version","event_id":"u-1","event_time":"2026-02-22T19:13:04.123Z"}`,
  )

/** What is made of something pushed. */
export const pushed = (sourceType: string, payload: unknown): string =>
  onWire(normalizeEvent, {
    id: idOf(sourceType, payload),
    source: "hec",
    source_type: sourceType,
    format: typeof payload === "string" ? "raw" : "json",
    payload,
    attributes: { token: "web", host: "web-1.example.com", source: "/var/log/nginx/access.log" },
    received_at: "2026-02-22T19:13:04.500Z",
  })
