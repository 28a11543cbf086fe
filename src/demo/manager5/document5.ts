/** What an index of Wazuh 5 holds of a line of the simulated manager: the event's own JSON under `decoded`. */
import { Predicate } from "effect"
import { type DocumentOf, KEYWORDS, valueAt } from "../indexer/document.ts"
import { serialIn } from "../serials.ts"

/** Where an event's fields are found there, as settings of Waybill. */
export const SETTINGS5 = {
  "indexer.index_pattern": "wazuh-events-v5-*",
  "indexer.fields.id": "decoded.event_id",
  "indexer.fields.event_time": "decoded.event_time",
  "indexer.fields.source": "decoded.source",
  "indexer.fields.event_type": "decoded.event_type",
  "indexer.fields.batch": "decoded.waybill.batch",
}

const textAt = (tree: unknown, path: string): string => {
  const value = valueAt(tree, path.split("."))
  return typeof value === "string" ? value : ""
}

export const documentOf5: DocumentOf = (line) => {
  const source: unknown = JSON.parse(line)
  if (!Predicate.isReadonlyObject(source)) return undefined
  const document = {
    index: "wazuh-events-v5-other",
    arrived: Date.parse(textAt(source, "@timestamp")),
    eventId: textAt(source, "decoded.event_id"),
    eventTime: Date.parse(textAt(source, "decoded.event_time")),
    keywords: KEYWORDS.map((path) => textAt(source, path.replace(/^data\./, "decoded."))),
    serial: serialIn(line),
  }
  return { document, source }
}
