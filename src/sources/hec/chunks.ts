/** A body → the chunks that are kept of it, or the reply that refuses it. A body is accepted whole or not at all. */
import { Result } from "effect"
import { ALARM, FLOW } from "../../normalizers/firewalla/registrations.ts"
import { alarmId, flowId } from "../firewalla/identity.ts"
import { type Span, splitObjects } from "./jsonObjects.ts"
import { type HecRecord, type Metadata, parseExactly, readRecord } from "./records.ts"
import * as Replies from "./replies.ts"
import type { Chunk, ChunkKind } from "./Spool.ts"
import type { Sender } from "./tokens.ts"

/** A chunk is read at once, so these bound a page. */
const MOST_RECORDS = 500
const MOST_UNITS = 262_144

type Chunks = Result.Result<ReadonlyArray<Chunk>, Replies.Reply>

/** The id that a Firewalla record has from the poller, so that a webhook and a poll of it are one event. */
const ownIdOf = (sender: Sender, sourceType: string, record: unknown): string | undefined => {
  if ((sourceType !== ALARM && sourceType !== FLOW) || !sender.allows(sourceType)) return undefined
  return sourceType === ALARM ? alarmId(record) : flowId(record)
}

interface Own {
  readonly id: string
  readonly replayed: boolean
}

/** Puts records that stand side by side, and have no id of their own, into chunks as they stand. */
const gather = (
  kind: ChunkKind,
  text: string,
  spans: ReadonlyArray<Span>,
  own: ReadonlyMap<number, Own>,
): ReadonlyArray<Chunk> => {
  const chunks: Array<Chunk> = []
  let first = 0
  const close = (end: number) => {
    const [from, to] = [spans[first], spans[end - 1]]
    if (end > first && from !== undefined && to !== undefined)
      chunks.push({
        kind,
        count: end - first,
        text: text.slice(from.start, to.end),
        ownId: own.get(first)?.id,
        replayed: own.get(first)?.replayed ?? false,
      })
    first = end
  }
  for (const [n, { end }] of spans.entries()) {
    const start = spans[first]?.start ?? 0
    if (n > first && (own.has(n) || n - first >= MOST_RECORDS || end - start > MOST_UNITS)) close(n)
    if (own.has(n)) close(n + 1)
  }
  close(spans.length)
  return chunks
}

const parse = (text: string): Result.Result<unknown, Replies.Reply> =>
  Result.try({ try: () => parseExactly(text), catch: () => Replies.invalidDataFormat })

/** Every object of the text, each read by `read`, which may give it an id of its own. */
const objects = (
  kind: ChunkKind,
  text: string,
  read: (value: unknown) => Result.Result<Own | undefined, Replies.Reply>,
): Chunks => {
  const split = splitObjects(text)
  if (split._tag === "Broken") return Result.fail(Replies.about(split.after, Replies.invalidDataFormat))
  if (split.spans.length === 0) return Result.fail(Replies.noData)
  const own = new Map<number, Own>()
  for (const [n, { start, end }] of split.spans.entries()) {
    const one = Result.flatMap(parse(text.slice(start, end)), read)
    if (Result.isFailure(one)) return Result.fail(Replies.about(n, one.failure))
    if (one.success !== undefined) own.set(n, one.success)
  }
  return Result.succeed(gather(kind, text, split.spans, own))
}

/** @param waits whether the dead letter with this id waits here; undefined while nobody knows */
export const eventChunks = (
  text: string,
  sender: Sender,
  defaults: Metadata,
  waits: (id: string) => boolean | undefined,
): Chunks => {
  const own = (record: HecRecord): Result.Result<Own | undefined, Replies.Reply> => {
    if (record._tag === "Envelope") {
      const { id } = record.envelope
      // An envelope chooses its own id, and with an id that is to come it could keep an event away.
      const isTaken = sender.mayReplay || waits(id)
      if (isTaken === undefined) return Result.fail(Replies.serverIsBusy)
      return isTaken ? Result.succeed({ id, replayed: true }) : Result.fail(Replies.eventFieldIsRequired)
    }
    const sourceType = record.metadata.sourcetype ?? defaults.sourcetype ?? ""
    const id = ownIdOf(sender, sourceType, record.event)
    return Result.succeed(id === undefined ? undefined : { id, replayed: false })
  }
  return objects("event", text, (value) => Result.flatMap(readRecord(value), own))
}

/** A raw body is lines of text; where its sourcetype is a kind of Firewalla record it is those, as JSON. */
export const rawChunks = (text: string, sender: Sender, defaults: Metadata): Chunks => {
  const sourceType = defaults.sourcetype ?? ""
  if ((sourceType === ALARM || sourceType === FLOW) && sender.allows(sourceType))
    return objects("record", text, (record) => {
      const id = ownIdOf(sender, sourceType, record)
      return Result.succeed(id === undefined ? undefined : { id, replayed: false })
    })
  const spans = splitLines(text)
  return spans.length === 0
    ? Result.fail(Replies.noData)
    : Result.succeed(gather("raw", text, spans, new Map()))
}

/** Lines that say something, without their ends. */
export const splitLines = (text: string): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf("\n", start)
    const end = newline === -1 ? text.length : newline
    const last = end > start && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end
    if (text.slice(start, last).trim() !== "") spans.push({ start, end: last })
    start = end + 1
  }
  return spans
}
