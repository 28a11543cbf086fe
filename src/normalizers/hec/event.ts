/**
 * Whatever is pushed and is not a record of a source that Waybill knows.
 *
 * Everything is under the root key `hec`: `message` for text, `event.<sourcetype>` for the fields of a JSON object, and
 * beside them what the sender says of the event: `host`, `source`, `sourcetype`, `index`, `fields`.
 */
import { Result, Schema } from "effect"
import { encode } from "../encode.ts"
import { canonical, extraOf, isoOf, unlessEmpty } from "../firewalla/parts.ts"
import { instant } from "../firewalla/scalars.ts"
import type { Fields, Normalizer } from "../Normalizer.ts"
import { flatten, safeKey } from "./flat.ts"

/** `source` of every event, and of every envelope but those of Firewalla records. A contract: people search by it. */
export const SOURCE = "hec"

/** Of the 253 that can be carried, less what every event has. */
const MOST_EVENT_FIELDS = 180
const MOST_INDEXED_FIELDS = 40

const decodeFields = Schema.decodeUnknownResult(
  Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)),
)

/** `cisco:asa` → `cisco_asa`: one key for each sourcetype, so that senders do not share theirs. */
export const keyOfSourceType = (sourceType: string): string => safeKey(sourceType.toLowerCase()).slice(0, 64)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const contentOf = (sourceType: string, payload: unknown): Fields => {
  if (typeof payload === "string") return { message: payload }
  if (!isObject(payload)) return { message: canonical(payload) }
  const { fields, rest } = flatten(payload, MOST_EVENT_FIELDS)
  const inside = unlessEmpty(fields)
  return { event: inside && { [keyOfSourceType(sourceType)]: inside }, extra: extraOf(nonEmpty(rest)) }
}

const nonEmpty = (rest: ReadonlyMap<string, unknown>): ReadonlyMap<string, unknown> | undefined =>
  rest.size === 0 ? undefined : rest

const indexedFields = (json: string | undefined): Fields => {
  const decoded = json === undefined ? undefined : decodeFields(json)
  if (decoded === undefined || Result.isFailure(decoded)) return {}
  const { fields, rest } = flatten(decoded.success, MOST_INDEXED_FIELDS)
  return { fields: unlessEmpty(fields), fields_extra: extraOf(nonEmpty(rest)) }
}

export const normalizeEvent: Normalizer = (envelope) => {
  const { attributes, payload, source_type } = envelope
  const receivedAt = instant(envelope.received_at) ?? 0
  const saidAt = instant(attributes.time)
  // Searches take it that nothing arrives before it happens; a sender's clock may be ahead.
  const timeMillis = Math.min(saidAt ?? receivedAt, receivedAt)
  return encode(envelope, {
    source: SOURCE,
    type: "event",
    timeMillis,
    fields: {
      hec: {
        token: attributes.token,
        sourcetype: source_type,
        host: attributes.host,
        source: attributes.source,
        index: attributes.index,
        time_ahead: saidAt === timeMillis ? undefined : isoOf(saidAt),
        ...indexedFields(attributes.fields),
        ...contentOf(source_type, payload),
      },
    },
  })
}
