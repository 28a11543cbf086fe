/**
 * Reads the pages of one slice in turn: tells records from repeats, gives each its id, and says how far the checkpoint
 * may follow. No effects.
 *
 * **Repeats and twins.** When late records land before the place that a cursor points to, the pages shift and rows that
 * were read come again at the head of the next page. Equal rows on one page are certainly different records (twins) and
 * get the ordinals 0, 1, …. A row equal to one of an earlier page may be either, so the caller reads the seconds in
 * doubt once more, alone, and the number of equal rows there decides (`doubtOf`, `settled`). A box that was offline can
 * hand in thousands of flows at once, hence the memory of many pages.
 *
 * **Position.** After a page that is not the slice's last: the newest record's whole second, which will be read again
 * from its beginning. That holds only if rows really come in ascending order, so the position does not leave the
 * slice's beginning until an order has shown itself (two different seconds, ascending), and stops for the rest of the
 * slice when a record goes back in time. The slice's end is always right, since the slice was then read whole.
 *
 * **Outside.** A record that the API returns although it lies outside of the slice is taken like the others, and touches
 * neither order nor position. Only the slice's very end is left to the next one, which begins with it.
 */
import { type FirewallaFeed, twinId, unreadableId } from "./identity.ts"
import { tsOf } from "./records.ts"
import type { Stretch } from "./window.ts"

/** How records of a feed are told apart. */
export interface RecordKind {
  readonly feed: FirewallaFeed
  /** The id by the record's own fields; undefined if it lacks them. */
  readonly idOf: (record: unknown) => string | undefined
  /** Whether two records can be equal in all of these fields. Not where the API gives an id of its own. */
  readonly hasTwins: boolean
}

/** Ids that are remembered within a slice: 40 of the API's largest pages, some 3 MB. */
const MEMORY = 20_000

/** Handed from page to page: `takePage` writes into `seen` rather than copy it, so a progress serves one page only. */
export interface SliceProgress {
  /** By id, oldest first: how many records with it were taken. */
  readonly seen: Map<string, number>
  /** The newest whole second so far. */
  readonly newest: number | undefined
  readonly order: "unknown" | "ascending" | "broken"
  /** The whole second up to which a checkpoint may follow. */
  readonly position: number
}

interface Row {
  readonly record: unknown
  readonly id: string
  /** In which second of the slice; undefined where it lies in none. */
  readonly second: number | undefined
  /** Its time, where that lies outside of the slice. */
  readonly outside: number | undefined
}

/** A page's rows, and how many there are of each id. */
export interface ReadRows {
  readonly rows: ReadonlyArray<Row>
  readonly counts: ReadonlyMap<string, number>
  /** Rows that lie on the slice's end: they come again with the next slice. */
  readonly atEnd: number
}

export type Taken = Pick<Row, "record" | "id" | "outside">

export const startOf = (slice: Stretch): SliceProgress => ({
  seen: new Map(),
  newest: undefined,
  order: "unknown",
  position: slice.from,
})

export const readRows = (kind: RecordKind, slice: Stretch, records: ReadonlyArray<unknown>): ReadRows => {
  const rows: Array<Row> = []
  const counts = new Map<string, number>()
  let atEnd = 0
  for (const record of records) {
    const ts = tsOf(record)
    // Whether the API counts the end in is not documented.
    if (ts === slice.to) {
      atEnd += 1
      continue
    }
    const isOutside = ts !== undefined && (ts < slice.from || ts > slice.to)
    const id = kind.idOf(record) ?? unreadableId(kind.feed, record)
    rows.push({
      record,
      id,
      second: ts === undefined || isOutside ? undefined : Math.floor(ts),
      outside: isOutside ? ts : undefined,
    })
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return { rows, counts, atEnd }
}

/** The seconds that hold a row of which it is not known whether it is a repeat or a twin; undefined if there is none. */
export const doubtOf = (kind: RecordKind, progress: SliceProgress, page: ReadRows): Stretch | undefined => {
  if (!kind.hasTwins || progress.seen.size === 0) return undefined
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (const { id, second } of page.rows) {
    if (second === undefined || !progress.seen.has(id)) continue
    from = Math.min(from, second)
    to = Math.max(to, second + 1)
  }
  return from < to ? { from, to } : undefined
}

/**
 * Takes a page. `settled` is how many equal rows there really are, by id, where that was in doubt and could be read;
 * without it the highest number on any one page counts, which can only be too low by a twin that lies across a border.
 */
export const takePage = (
  kind: RecordKind,
  progress: SliceProgress,
  page: ReadRows,
  settled: ReadonlyMap<string, number> | undefined,
): {
  readonly taken: ReadonlyArray<Taken>
  /** Rows of the page that were taken before, or that the next slice has. */
  readonly repeated: number
  readonly progress: SliceProgress
} => {
  const taken: Array<Taken> = []
  let repeated = page.atEnd
  const { seen } = progress
  let { newest, order } = progress
  for (const { record, id, outside, second } of page.rows) {
    const before = seen.get(id) ?? 0
    const most = kind.hasTwins ? Math.max(page.counts.get(id) ?? 1, settled?.get(id) ?? 0) : 1
    if (before >= most) {
      repeated += 1
      continue
    }
    seen.set(id, before + 1)
    taken.push({ record, id: twinId(kind.feed, id, before), outside })
    if (second === undefined) continue
    if (newest !== undefined && second < newest) order = "broken"
    else if (newest !== undefined && second > newest && order === "unknown") order = "ascending"
    newest = newest === undefined ? second : Math.max(newest, second)
  }
  forgetOldest(seen)
  const position = order === "ascending" && newest !== undefined ? newest : progress.position
  return { taken, repeated, progress: { seen, newest, order, position } }
}

const forgetOldest = (seen: Map<string, number>): void => {
  for (const id of seen.keys()) {
    if (seen.size <= MEMORY) return
    seen.delete(id)
  }
}
