/** What waits in the spool → envelopes, the same ones at every reading. */
import { Result } from "effect"
import type { Envelope } from "../../domain/Envelope.ts"
import { iso } from "../../domain/isoTime.ts"
import { SOURCE as FIREWALLA } from "../../normalizers/firewalla/parts.ts"
import { ALARM, FLOW } from "../../normalizers/firewalla/registrations.ts"
import { SOURCE } from "../../normalizers/hec/event.ts"
import { splitLines } from "./chunks.ts"
import { splitObjects } from "./jsonObjects.ts"
import { type HecRecord, type Metadata, parseExactly, readRecord } from "./records.ts"
import type { StoredChunk } from "./Spool.ts"

const attributesOf = (
  sender: string,
  { host, source, index }: Metadata,
  time: number | undefined,
  fields: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, string>> => ({
  token: sender,
  ...(host !== undefined && { host }),
  ...(source !== undefined && { source }),
  ...(index !== undefined && { index }),
  ...(time !== undefined && { time: iso(time) }),
  ...(fields !== undefined && { fields: JSON.stringify(fields) }),
})

/** Envelopes of Firewalla records are the poller's own, so that the events are, too. */
const isFirewalla = (sourceType: string, allows: Allows): boolean =>
  (sourceType === ALARM || sourceType === FLOW) && allows(sourceType)

type Allows = (sourceType: string) => boolean

const parsed = (text: string): unknown => Result.getOrUndefined(Result.try(() => parseExactly(text)))

const replayed = ({ envelope }: Extract<HecRecord, { _tag: "Envelope" }>): Envelope => {
  const payload = envelope.format === "json" ? parsed(envelope.payload) : envelope.payload
  return { ...envelope, payload: payload === undefined ? envelope.payload : payload }
}

/** @param allows which sourcetypes this sender may send as what they are */
export const envelopesOf = (sender: string, chunk: StoredChunk, allows: Allows): ReadonlyArray<Envelope> => {
  const received_at = iso(chunk.receivedAt)
  const first = chunk.last - chunk.count + 1
  const make = (
    n: number,
    payload: unknown,
    metadata: Metadata,
    time?: number,
    fields?: Readonly<Record<string, unknown>>,
  ): Envelope => {
    const all = { ...chunk.defaults, ...metadata }
    const source_type = all.sourcetype ?? ""
    const ofFirewalla = isFirewalla(source_type, allows)
    return {
      id: chunk.ownId ?? `${chunk.prefix}-${first + n}`,
      source: ofFirewalla ? FIREWALLA : SOURCE,
      source_type,
      format: typeof payload === "string" ? "raw" : "json",
      payload,
      attributes: attributesOf(sender, all, time ?? all.time, fields),
      received_at,
    }
  }
  if (chunk.kind === "raw")
    return splitLines(chunk.text).map(({ start, end }, n) => make(n, chunk.text.slice(start, end), {}))
  const split = splitObjects(chunk.text)
  const spans = split._tag === "Objects" ? split.spans : []
  return spans.map(({ start, end }, n) => {
    const value = parsed(chunk.text.slice(start, end))
    if (chunk.kind === "record") return make(n, value, {})
    // It was read so when it was accepted.
    const record = Result.getOrThrow(readRecord(value))
    if (record._tag === "Envelope") return replayed(record)
    return make(n, record.event, record.metadata, record.time, record.fields)
  })
}
