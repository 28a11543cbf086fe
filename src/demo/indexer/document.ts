/**
 * From a line of alerts.json to what an index holds of it: what the Filebeat module's ingest pipeline does, and the
 * mapping failures that lose a document there without a trace (its `on_failure` is `drop`).
 */
import { Predicate } from "effect"
import { type PackedSerial, serialIn } from "../serials.ts"

/** Keywords that a search can ask for although the documents themselves are not kept. */
export const KEYWORDS = [
  "data.event_type",
  "data.source",
  "data.waybill.batch",
  "data.waybill.attempt",
  "rule.id",
  "location",
] as const

export interface Document {
  /** `wazuh-alerts-4.x-YYYY.MM.DD`, the day of the alert's timestamp in UTC. */
  readonly index: string
  /** `@timestamp`, epoch milliseconds. */
  readonly arrived: number
  /** `data.event_id`; empty when it has none. */
  readonly eventId: string
  /** `data.event_time`, epoch milliseconds; `NaN` when it has none. */
  readonly eventTime: number
  /** In the order of `KEYWORDS`; empty when absent. */
  readonly keywords: ReadonlyArray<string>
  readonly serial: PackedSerial
}

/** Keys under `data` that the template maps as keyword: an object there loses the whole document. */
const SCALARS = ["data", "id", "url", "title", "type", "action", "protocol", "srcip", "dstip", "srcuser"]
/** Keys under `data` that the template maps as object: a scalar there loses the whole document. */
const OBJECTS = [
  "port",
  "os",
  "process",
  "program",
  "hardware",
  "netinfo",
  "audit",
  "aws",
  "gcp",
  "parameters",
]
/** Lucene's limit for one term, in bytes; the template has no `ignore_above`. */
const MAX_TERM = 32_766

type Tree = { readonly [key: PropertyKey]: unknown }

export const valueAt = (tree: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (level, key) => (Predicate.isReadonlyObject(level) && Object.hasOwn(level, key) ? level[key] : undefined),
    tree,
  )

const textAt = (tree: Tree, path: ReadonlyArray<string>): string => {
  const value = valueAt(tree, path)
  return typeof value === "string" ? value : ""
}

const hasHugeString = (value: unknown): boolean =>
  typeof value === "string"
    ? Buffer.byteLength(value) > MAX_TERM
    : Predicate.isReadonlyObject(value)
      ? Object.values(value).some(hasHugeString)
      : Array.isArray(value) && value.some(hasHugeString)

/** Whether the stock template refuses the alert. */
const contradictsMapping = (line: string, data: Tree): boolean =>
  SCALARS.some((key) => Predicate.isReadonlyObject(data[key])) ||
  OBJECTS.some((key) => data[key] !== undefined && !Predicate.isReadonlyObject(data[key])) ||
  (line.length > MAX_TERM && hasHugeString(data))

const PATHS = KEYWORDS.map((field) => field.split("."))

/** `2026-02-22T19:13:04.123+0000` to `2026-02-22T19:13:04.123Z`; analysisd in the image runs in UTC. */
export const isoTimestamp = (timestamp: string): string => `${timestamp.slice(0, 23)}Z`

export const indexName = (timestamp: string): string =>
  `wazuh-alerts-4.x-${timestamp.slice(0, 10).replaceAll("-", ".")}`

/** The document of a line, or `undefined` when it would be dropped. */
export type DocumentOf = (line: string) => { readonly document: Document; readonly source: Tree } | undefined

export const documentOf: DocumentOf = (line) => {
  let source: unknown
  try {
    source = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!Predicate.isReadonlyObject(source)) return undefined
  const timestamp = textAt(source, ["timestamp"])
  const arrived = Date.parse(isoTimestamp(timestamp))
  if (Number.isNaN(arrived)) return undefined
  const data = source.data
  if (Predicate.isReadonlyObject(data) && contradictsMapping(line, data)) return undefined
  const document = {
    index: indexName(timestamp),
    arrived,
    eventId: textAt(source, ["data", "event_id"]),
    eventTime: Date.parse(textAt(source, ["data", "event_time"])),
    keywords: PATHS.map((path) => textAt(source, path)),
    serial: serialIn(line),
  }
  return { document, source: { ...source, "@timestamp": isoTimestamp(timestamp) } }
}
