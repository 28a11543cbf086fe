/**
 * The body of `POST /events/enriched` of Wazuh 5, media type application/x-wev1: one line `H {json}` about the agent,
 * then one line `E <queue>:<location>:<message>` for each event. Pure.
 */
import { escapeLocation } from "../socket/message.ts"

export interface BatchOptions {
  readonly queue: string
  readonly location: string
  readonly agent: { readonly id: string; readonly name: string }
}

export const MEDIA_TYPE = "application/x-wev1"

/** As analysisd of Wazuh 4: what follows Waybill is made for events of that size. */
const MAX_EVENT_BYTES = 65_535
/** The manager's own forwarder takes requests of at most 10 MiB; a tenth of that delays nobody else for long. */
const MAX_BODY_BYTES = 1024 * 1024
const MAX_EVENTS = 1000

export interface BatchEncoder {
  /** The most bytes that one event may have. */
  readonly maxBytes: number
  /** How many of the events, from the first on, go into one request: at least one. */
  readonly fit: (events: ReadonlyArray<string>) => number
  readonly encode: (events: ReadonlyArray<string>) => string
}

export const makeBatchEncoder = ({ agent, location, queue }: BatchOptions): BatchEncoder => {
  const header = `H ${JSON.stringify({ wazuh: { agent } })}\n`
  const start = `E ${queue}:${escapeLocation(location)}:`
  return {
    maxBytes: MAX_EVENT_BYTES - Buffer.byteLength(start),
    fit: (events) => {
      let bytes = Buffer.byteLength(header)
      let count = 0
      for (const event of events) {
        bytes += Buffer.byteLength(start) + Buffer.byteLength(event) + 1
        if (count > 0 && (bytes > MAX_BODY_BYTES || count >= MAX_EVENTS)) break
        count += 1
      }
      return count
    },
    encode: (events) => header + events.map((event) => `${start}${event}\n`).join(""),
  }
}
