/**
 * The bytes of one message for analysisd's queue: `1:<location>:waybill: {json}`.
 *
 * `1` is LOCALFILE_MQ, the queue of collected logs (src/headers/mq_op.h). `waybill: ` is what the shipped decoder
 * matches: stock rules would take a bare JSON line for their own.
 */
import { MAX_MESSAGE_BYTES } from "../../domain/Event.ts"

/** `:` ends the location, so `:` and the escape `|` itself are preceded by `|` (wstr_escape in src/shared). */
export const escapeLocation = (location: string): string => location.replace(/[|:]/g, "|$&")

export interface MessageEncoder {
  /** The most bytes that one event may have. */
  readonly maxBytes: number
  /** Holds the message that was encoded last; its start is the header and must not be written to. */
  readonly buffer: Uint8Array
  /** Writes the message into `buffer`; answers its length, or `undefined` when it would be over the limit. */
  readonly encode: (event: string) => number | undefined
}

/** One buffer for all messages: nothing is allocated for an event. */
export const makeMessageEncoder = (location: string): MessageEncoder => {
  const buffer = Buffer.alloc(MAX_MESSAGE_BYTES + 1)
  const header = `1:${escapeLocation(location)}:waybill: `
  const start = Buffer.byteLength(header)
  const maxBytes = MAX_MESSAGE_BYTES - start
  if (maxBytes <= 0) throw new RangeError(`The location is too long for a message: ${start} bytes of header`)
  buffer.write(header, 0)
  // A code unit becomes one to three bytes, so most events are known to fit by their length alone.
  const fits = (event: string) =>
    event.length * 3 <= maxBytes || (event.length <= maxBytes && Buffer.byteLength(event) <= maxBytes)
  return {
    maxBytes,
    buffer,
    encode: (event) => (fits(event) ? start + buffer.write(event, start) : undefined),
  }
}
