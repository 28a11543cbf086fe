/**
 * What a normalizer makes of an envelope: one JSON object that Wazuh can decode, already encoded.
 *
 * The JSON is encoded once. What differs from one attempt to the next (`waybill.batch`, `waybill.attempt`,
 * `waybill.sent_at`) is appended by the writer, so that an event that has to be written again is not built again.
 */
import type { Envelope } from "./Envelope.ts"

/** `event_type` is a contract: people search by it. `event`: whatever a sender has pushed. */
export type EventType = "alarm" | "flow" | "device_change" | "event" | "canary"

/**
 * Whether the id of such an event holds its time: then it can be in the index only with that very time. A flow has no
 * id of its own, so all that it is made of is in it (`sources/firewalla/identity.ts`).
 */
export const idHoldsTime = (type: EventType): boolean => type === "flow"

export interface Event {
  /** Equal to `event_id` in the JSON and to the id of the envelope. */
  readonly id: string
  readonly type: EventType
  /** The event's own time, epoch milliseconds; `event_time` in the JSON. */
  readonly timeMillis: number
  /** The encoded object, `{…}`, without the `waybill` block. */
  readonly json: string
  /** The same, in bytes of UTF-8. */
  readonly bytes: number
  /** Kept until the event is confirmed, because a dead letter needs it. */
  readonly envelope: Envelope
}

/**
 * analysisd reads this much of a message, header and all, and cuts the rest without a word, which breaks its JSON
 * (src/headers/defs.h: OS_MAXSTR is 65,536 with the NUL).
 */
export const MAX_MESSAGE_BYTES = 65_535

export const DAY_MILLIS = 86_400_000

/**
 * Since when this event may have been sent, epoch milliseconds. Nothing is sent before it happens; but where the time of
 * an event can be another each time it is fetched, it may have been sent under an earlier one: an alarm keeps its id when
 * the box moves its `ts`, and a change of a device that is found again after a crash is observed anew.
 */
export const sentSince = ({ timeMillis, type }: Pick<Event, "timeMillis" | "type">): number =>
  type === "alarm" || type === "device_change" ? timeMillis - 31 * DAY_MILLIS : timeMillis

/** Since when any of these may have been sent, epoch milliseconds; `Infinity` where there are none. */
export const anySentSince = (events: ReadonlyArray<Event>): number =>
  events.reduce((since, event) => Math.min(since, sentSince(event)), Number.POSITIVE_INFINITY)

/** Which write of an event this is; becomes the event's `waybill` block. */
export interface Attempt {
  readonly batch: string
  /** 1 for the first write. */
  readonly attempt: number
  /** ISO 8601 in UTC. */
  readonly sentAt: string
}

/** The event's JSON with its `waybill` block: what goes over the wire after the decoder's prefix. */
export const withAttempt = (event: Event, attempt: Attempt): string =>
  `${event.json.slice(0, -1)},"waybill":{"batch":"${attempt.batch}","attempt":"${attempt.attempt}","sent_at":"${attempt.sentAt}"}}`
