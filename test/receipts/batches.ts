/** Events and batches that tests keep receipts of. */
import { Option } from "effect"
import type { Batch } from "../../src/domain/Batch.ts"
import type { Event } from "../../src/domain/Event.ts"
import { iso } from "../../src/domain/isoTime.ts"

export const RECEIVED = Date.UTC(2026, 1, 22, 19)
export const FLOWS = "firewalla-msp/flows"

export const event = (id: string, timeMillis = RECEIVED - 60_000): Event => ({
  id,
  type: "flow",
  timeMillis,
  json: "{}",
  bytes: 2,
  envelope: {
    id,
    source: "firewalla-msp",
    source_type: "firewalla:flow",
    format: "json",
    payload: {},
    attributes: {},
    received_at: iso(RECEIVED),
  },
})
export const batchOf = (id: string, events: ReadonlyArray<Event>, feed = FLOWS): Batch => ({
  id,
  feed,
  events,
  position: Option.none(),
  maybeSent: false,
})
