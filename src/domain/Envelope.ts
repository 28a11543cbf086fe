/**
 * A raw record as a source received it, with everything that is needed to process it again.
 *
 * The names of the fields are a contract: dead-letter files and the replay API carry them as they are.
 */
import { Result, Schema } from "effect"
import { jsonText } from "./jsonText.ts"

/** How `payload` is to be read: a JSON value, or a line of text. */
export const Format = Schema.Literals(["json", "raw"])
export type Format = typeof Format.Type

export interface Envelope {
  /**
   * The id of the event that will be made of this record. It depends on the record alone (its natural key, or a
   * hash of its stable fields), so that a record that is fetched twice is recognised.
   */
  readonly id: string
  /** The configured origin, e.g. `firewalla-msp`. */
  readonly source: string
  /** The kind of record, e.g. `firewalla:flow`; together with `format` it chooses the normalizer. */
  readonly source_type: string
  readonly format: Format
  /** The record itself: the parsed JSON value when `format` is `json`, else a string. */
  readonly payload: unknown
  readonly attributes: Readonly<Record<string, string>>
  /** When Waybill received it, ISO 8601 in UTC. */
  readonly received_at: string
}

/** An envelope as it is written to disk and sent over the admin API: `payload` is always text. */
export const EnvelopeText = Schema.Struct({
  id: Schema.NonEmptyString,
  source: Schema.String,
  source_type: Schema.String,
  format: Format,
  payload: Schema.String,
  attributes: Schema.Record(Schema.String, Schema.String),
  received_at: Schema.String,
})
export type EnvelopeText = typeof EnvelopeText.Type

/** The text form of an envelope: a JSON payload is written out, a raw one stays as it is. */
export const toText = (envelope: Envelope): EnvelopeText => ({
  id: envelope.id,
  source: envelope.source,
  source_type: envelope.source_type,
  format: envelope.format,
  payload:
    typeof envelope.payload === "string" && envelope.format === "raw"
      ? envelope.payload
      : jsonText(envelope.payload),
  attributes: envelope.attributes,
  received_at: envelope.received_at,
})

/** The way back. Fails with why the payload of a JSON envelope can't be read. */
export const fromText = (text: EnvelopeText): Result.Result<Envelope, string> =>
  text.format === "raw"
    ? Result.succeed(text)
    : Result.try({
        try: () => ({ ...text, payload: JSON.parse(text.payload) }),
        catch: (cause) =>
          `the payload is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      })
