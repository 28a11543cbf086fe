/** The keys under `indexer.fields`. */
import { section, withDefault } from "./settings.ts"
import { text } from "./texts.ts"

export const indexerFields = section(
  "Where a document holds what is searched for. The defaults are those of Wazuh 4; other ones are experimental.",
  {
    id: withDefault(text, "data.event_id", "An event's id, a keyword."),
    arrival: withDefault(text, "@timestamp", "The time of arrival, a date."),
    event_time: withDefault(text, "data.event_time", "An event's own time, a keyword or a date."),
    source: withDefault(text, "data.source", "An event's source, a keyword."),
    event_type: withDefault(text, "data.event_type", "An event's type, a keyword."),
    batch: withDefault(text, "data.waybill.batch", "The batch that an event was written in, a keyword."),
  },
)
