/** Fields → the event's JSON, checked against what Wazuh can carry. Encoded once; see `domain/Event.ts`. */
import { Result } from "effect"
import type { Envelope } from "../domain/Envelope.ts"
import type { Event, EventType } from "../domain/Event.ts"
import { ARRAY_LIKE, isSound, MAX_ID_BYTES, MAX_JSON_BYTES, mend, refuse } from "./carriable.ts"
import { byteLength, shrink, wellFormed } from "./cutting.ts"
import type { Fields, Rejected } from "./Normalizer.ts"

/** What a normalizer has made of an envelope. */
export interface Draft {
  /** Root key `source`: a contract, people search by it. */
  readonly source: string
  readonly type: EventType
  /** Epoch milliseconds. */
  readonly timeMillis: number
  /** All other root keys. */
  readonly fields: Fields
}

/** Short enough without a look at its bytes; that it is well-formed shows in the JSON. */
const isPlainId = (id: string): boolean => id.length > 0 && id.length * 3 <= MAX_ID_BYTES

const isFindable = (id: string): boolean =>
  id !== "" && !ARRAY_LIKE.test(id) && wellFormed(id) === id && byteLength(id) <= MAX_ID_BYTES

/**
 * The event with the draft's fields after `source`, `event_type`, `event_id` and `event_time` (ISO 8601, UTC,
 * milliseconds). Mends what can be mended and refuses the rest as `validation_failed`.
 */
export const encode = (envelope: Envelope, draft: Draft): Result.Result<Event, Rejected> => {
  const fields: Fields = {
    source: draft.source,
    event_type: draft.type,
    event_id: envelope.id,
    event_time: new Date(draft.timeMillis).toISOString(),
    ...draft.fields,
  }
  const json = isSound(fields) ? JSON.stringify(fields) : undefined
  // JSON.stringify writes NUL, other control characters and lone surrogates as \u escapes, and nothing else.
  const sound = json !== undefined && !json.includes("\\u") && isPlainId(envelope.id) ? json : undefined
  const encoded = sound === undefined ? encodeMended(envelope.id, fields) : Result.succeed(sound)
  return Result.map(
    Result.flatMap(encoded, (text) => shortened(fields, text)),
    (text) => ({
      id: envelope.id,
      type: draft.type,
      timeMillis: draft.timeMillis,
      json: text,
      bytes: byteLength(text),
      envelope,
    }),
  )
}

const encodeMended = (id: string, fields: Fields): Result.Result<string, Rejected> =>
  isFindable(id)
    ? Result.map(mend(fields), (mended) => JSON.stringify(mended))
    : refuse(
        `the event id must be 1 to ${MAX_ID_BYTES} bytes of well-formed text that isn't a JSON array: the indexer is searched by it`,
      )

const shortened = (fields: Fields, json: string): Result.Result<string, Rejected> => {
  const excess = byteLength(json) - MAX_JSON_BYTES
  if (excess <= 0) return Result.succeed(json)
  return Result.flatMap(mend(fields), (mended) => {
    const shorter = shrink(mended, excess)
    return shorter === undefined
      ? refuse(
          `the event is ${excess} bytes over the ${MAX_JSON_BYTES} that a message can carry, and has no long text to cut`,
        )
      : Result.succeed(JSON.stringify(shorter))
  })
}
