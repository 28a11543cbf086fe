/**
 * One object of a body, read as far as accepting it needs: as Splunk's event format ("Format events for HTTP Event
 * Collector"), or as the envelope of a dead letter.
 */
import { Result, Schema } from "effect"
import { EnvelopeText } from "../../domain/Envelope.ts"
import * as Replies from "./replies.ts"

/** What may stand beside an event, or hold for a whole request as its query string. */
export interface Metadata {
  readonly host?: string
  readonly source?: string
  readonly sourcetype?: string
  readonly index?: string
  /** Epoch milliseconds; only of a whole request, as an event has its own beside it. */
  readonly time?: number
}

export type HecRecord =
  | {
      readonly _tag: "Event"
      readonly event: unknown
      readonly metadata: Metadata
      /** Epoch milliseconds; absent where the sender says none. */
      readonly time: number | undefined
      /** Flat: texts, numbers, booleans, and lists of them. */
      readonly fields: Readonly<Record<string, unknown>> | undefined
    }
  | { readonly _tag: "Envelope"; readonly envelope: EnvelopeText }

type JsonObject = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const METADATA = ["host", "source", "sourcetype", "index"] as const

const metadataOf = (object: JsonObject): Metadata | undefined => {
  const metadata: { -readonly [K in (typeof METADATA)[number]]?: string } = {}
  for (const key of METADATA) {
    const value = object[key]
    if (value === undefined || value === null || value === "") continue
    if (typeof value !== "string" && typeof value !== "number") return undefined
    metadata[key] = String(value)
  }
  return metadata
}

const TIME = /^\s*\d{1,16}(?:\.\d{0,9})?\s*$/
/** Seconds beyond this are the year 5138; senders that write such numbers mean milliseconds. */
const MILLISECONDS_FROM = 1e11
/** The last millisecond that a date can be. */
const LAST = 8.64e15

/** Splunk's `time`: epoch seconds with a fraction, as a number or a text. `undefined`: it is neither. */
export const readTime = (value: unknown): number | undefined => {
  const number =
    typeof value === "number" ? value : typeof value === "string" && TIME.test(value) ? Number(value) : -1
  const millis = Math.round(number >= MILLISECONDS_FROM ? number : number * 1000)
  return millis >= 0 && millis <= LAST ? millis : undefined
}

const isScalar = (value: unknown): boolean => value === null || typeof value !== "object"
const areFields = (value: unknown): value is JsonObject =>
  isObject(value) &&
  Object.values(value).every((one) => isScalar(one) || (Array.isArray(one) && one.every(isScalar)))

const readEnvelope = Schema.decodeUnknownResult(EnvelopeText)

const readEvent = (object: JsonObject): Result.Result<HecRecord, Replies.Reply> => {
  const { event, time, fields } = object
  if (event === undefined || event === null) return Result.fail(Replies.eventFieldIsRequired)
  if (typeof event === "string" && event.trim() === "") return Result.fail(Replies.eventFieldCannotBeBlank)
  const hasTime = time !== undefined && time !== null && time !== ""
  const at = hasTime ? readTime(time) : undefined
  const metadata = metadataOf(object)
  if (metadata === undefined || (hasTime && at === undefined)) return Result.fail(Replies.invalidDataFormat)
  if (fields === undefined || fields === null)
    return Result.succeed({ _tag: "Event", event, metadata, time: at, fields: undefined })
  return areFields(fields)
    ? Result.succeed({ _tag: "Event", event, metadata, time: at, fields })
    : Result.fail(Replies.errorInIndexedFields)
}

/** An object of a body to the `event` endpoint. */
export const readRecord = (value: unknown): Result.Result<HecRecord, Replies.Reply> => {
  if (!isObject(value)) return Result.fail(Replies.invalidDataFormat)
  if (value.event === undefined && value.received_at !== undefined) {
    const envelope = readEnvelope(value)
    if (Result.isSuccess(envelope)) return Result.succeed({ _tag: "Envelope", envelope: envelope.success })
  }
  return readEvent(value)
}

/** From 16 digits on a number may not be held exactly: `12345678901234567` would end with another digit. */
const LONG_NUMBER = /\d{16}/

const keepLong = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
    ? (context?.source ?? value)
    : value

/** JSON.parse, but whole numbers too long for one stay as they were written, as texts. Throws as it does. */
export const parseExactly = (text: string): unknown =>
  LONG_NUMBER.test(text) ? JSON.parse(text, keepLong) : JSON.parse(text)
