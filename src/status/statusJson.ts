/**
 * A status event as it goes over the wire. Pure but for its random id.
 *
 * What it says lies under `waybill_status`: `status` is a static field of Wazuh's decoders, `waybill` is the block that
 * every write has, and a key of one's own can meet none of the types that the index template gives to others.
 */
import { randomUUID } from "node:crypto"
import { cutText, wellFormed } from "../normalizers/cutting.ts"

/** Each has a rule in `wazuh/rules`. */
export const STATUS_KINDS = [
  "heartbeat",
  "error",
  "stalled",
  "recovered",
  "gap_found",
  "dead_letters",
] as const
export type StatusKind = (typeof STATUS_KINDS)[number]

export type StatusFields = Readonly<Record<string, string | number | boolean | undefined>>

export interface StatusEvent {
  readonly kind: StatusKind
  readonly message: string
  readonly fields: StatusFields
  /** Epoch milliseconds. */
  readonly at: number
}

/** Bytes of one text: far below what Wazuh carries. */
const MAX_TEXT = 2_000
/** A title of 1,024 bytes or more would stay `$(waybill_status.message)` (ParseRuleComment, analysisd/eventinfo.c). */
const MAX_MESSAGE = 900

/** The decoder takes a text that begins with `[` for a list. */
const text = (value: string, most = MAX_TEXT): string => {
  const carried = cutText(wellFormed(value), most)
  return carried.startsWith("[") ? ` ${carried}` : carried
}

/** @param sentAt epoch milliseconds, when it is written; the event may have waited */
export const statusJson = ({ kind, message, fields, at }: StatusEvent, sentAt: number): string => {
  const id = `status-${randomUUID()}`
  const given = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [[key, text(String(value))]],
  )
  return JSON.stringify({
    source: "waybill",
    event_type: "sidecar_status",
    event_id: id,
    event_time: new Date(at).toISOString(),
    waybill_status: { ...Object.fromEntries(given), kind, message: text(message, MAX_MESSAGE) },
    waybill: { batch: id, attempt: "1", sent_at: new Date(sentAt).toISOString() },
  })
}
