/**
 * The documents of the simulated indexer, in columns: 490,000 of them stay small, since only what a search can ask
 * for is kept, unless whole documents are wanted.
 *
 * A document becomes visible at the next refresh of its shard. Each shard refreshes at the same interval but at its
 * own moment, so that a bulk becomes visible in parts, as it does on a real node with 3 shards and 5 s.
 */
import { hashText } from "../seededRandom.ts"
import type { PackedSerial } from "../serials.ts"
import { type Document, KEYWORDS } from "./document.ts"

/** Numbers of one document; a column each. */
export interface Columns {
  readonly eventId: ReadonlyArray<string>
  readonly arrived: ReadonlyArray<number>
  readonly eventTime: ReadonlyArray<number>
  readonly visibleAt: ReadonlyArray<number>
  /** Places in `indices`. */
  readonly index: ReadonlyArray<number>
  readonly serial: ReadonlyArray<PackedSerial>
  readonly source: ReadonlyArray<unknown>
}

export interface DocumentStore {
  readonly columns: Columns
  readonly size: () => number
  readonly indices: ReadonlyArray<string>
  /** @param now epoch milliseconds */
  readonly add: (document: Document, source: unknown, now: number) => void
  /** The number of the shard that a row lies on. */
  readonly shardOf: (row: number) => number
  /** The rows of an event id, visible or not. */
  readonly rowsOf: (eventId: string) => ReadonlyArray<number>
  /** The rows of a batch, visible or not. */
  readonly rowsOfBatch: (batch: string) => ReadonlyArray<number>
  /** @param keyword a place in `KEYWORDS` */
  readonly keyword: (row: number, keyword: number) => string
  /**
   * `Infinity`: only `refresh` shows what comes from now on. What waits is shown by the next refresh of its shard at the
   * new interval, if that is sooner: a refresh shows everything.
   */
  readonly setRefreshInterval: (millis: number, now: number) => void
  /** Makes everything visible at once. */
  readonly refresh: (now: number) => void
  readonly clear: () => void
}

const BATCH = KEYWORDS.indexOf("data.waybill.batch")

/** As the stock template says. */
export const SHARDS = 3

export interface StoreOptions {
  /** Milliseconds; 0: visible at once. */
  readonly refreshInterval: number
  readonly keepDocuments: boolean
}

export const makeDocumentStore = (options: StoreOptions): DocumentStore => {
  const eventId: Array<string> = []
  const arrived: Array<number> = []
  const eventTime: Array<number> = []
  const visibleAt: Array<number> = []
  const index: Array<number> = []
  const serial: Array<PackedSerial> = []
  const source: Array<unknown> = []
  const indices: Array<string> = []
  const words: Array<string> = [""]
  const wordNumbers = new Map<string, number>([["", 0]])
  const keywords: ReadonlyArray<Array<number>> = KEYWORDS.map(() => [])
  const firstRow = new Map<string, number>()
  /** Second and later copies only, which are rare. */
  const moreRows = new Map<string, Array<number>>()
  const batchRows = new Map<string, Array<number>>()
  let refreshInterval = options.refreshInterval

  const wordNumber = (word: string): number => {
    const known = wordNumbers.get(word)
    if (known !== undefined) return known
    words.push(word)
    wordNumbers.set(word, words.length - 1)
    return words.length - 1
  }
  const indexNumber = (name: string): number => {
    const known = indices.indexOf(name)
    return known === -1 ? indices.push(name) - 1 : known
  }
  // Copies have ids of their own in a real index, so they land on shards of their own.
  const shardOf = (row: number): number => hashText(`${eventId[row]}${row}`) % SHARDS
  const nextRefresh = (shard: number, now: number): number => {
    if (refreshInterval === 0 || refreshInterval === Infinity) return refreshInterval === 0 ? now : Infinity
    const phase = (shard * refreshInterval) / SHARDS
    return Math.ceil(Math.floor((now - phase) / refreshInterval + 1) * refreshInterval + phase)
  }

  return {
    columns: { eventId, arrived, eventTime, visibleAt, index, serial, source },
    indices,
    size: () => arrived.length,
    add: (document, whole, now) => {
      const row = arrived.length
      const { eventId: id } = document
      eventId.push(id)
      arrived.push(document.arrived)
      eventTime.push(document.eventTime)
      index.push(indexNumber(document.index))
      serial.push(document.serial)
      for (const [i, column] of keywords.entries()) column.push(wordNumber(document.keywords[i] ?? ""))
      if (options.keepDocuments) source.push(whole)
      visibleAt.push(nextRefresh(shardOf(row), now))
      const batch = document.keywords[BATCH] ?? ""
      const rows = batchRows.get(batch)
      if (rows === undefined) batchRows.set(batch, [row])
      else rows.push(row)
      if (id === "") return
      if (!firstRow.has(id)) firstRow.set(id, row)
      else moreRows.set(id, [...(moreRows.get(id) ?? []), row])
    },
    shardOf,
    rowsOf: (id) => {
      const first = firstRow.get(id)
      return first === undefined ? [] : [first, ...(moreRows.get(id) ?? [])]
    },
    rowsOfBatch: (batch) => batchRows.get(batch) ?? [],
    keyword: (row, keyword) => words[keywords[keyword]?.[row] ?? 0] ?? "",
    setRefreshInterval: (millis, now) => {
      refreshInterval = millis
      for (const [row, at] of visibleAt.entries())
        if (at > now) visibleAt[row] = Math.min(at, nextRefresh(shardOf(row), now))
    },
    refresh: (now) => {
      for (const [row, at] of visibleAt.entries()) if (at > now) visibleAt[row] = now
    },
    clear: () => {
      for (const column of [eventId, arrived, eventTime, visibleAt, index, serial, source, ...keywords]) {
        column.length = 0
      }
      indices.length = 0
      firstRow.clear()
      moreRows.clear()
      batchRows.clear()
    },
  }
}
