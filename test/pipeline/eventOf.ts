/** An event of which only the id matters. */
import type { Event } from "../../src/domain/Event.ts"

export const eventOf = (id: string): Event => ({
  id,
  type: "flow",
  timeMillis: 0,
  json: `{"event_id":"${id}"}`,
  bytes: 20,
  envelope: {
    id,
    source: "test",
    source_type: "test:record",
    format: "json",
    payload: {},
    attributes: {},
    received_at: "2026-02-22T19:13:04.123Z",
  },
})
