/**
 * The SQLite file of receipts. Everything here is synchronous and throws what SQLite says.
 *
 * A batch is one row, and its events one text beside it, so that a write appends and touches nothing else: an index
 * over ids would change a page for each event. Which batches may have an event is told by `prints`, four bytes of a
 * hash of each id; only the texts of those are read.
 *
 * WAL, so that a command reads while a run writes; `synchronous=NORMAL`, since the last seconds before a crash of the
 * machine may be missing, and the file must be whole nevertheless (sqlite.org/pragma.html#pragma_synchronous).
 */
import { hash } from "node:crypto"
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite"
import { Schema } from "effect"
import type { Change } from "./Change.ts"
import {
  type ReceiptPage,
  type ReceiptsQuery,
  STATES,
  type StoredReceipt,
  type TracedWrite,
} from "./Receipts.ts"

/** Of another one, nothing is read. */
export const FILE_VERSION = 1

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS batches(
    number INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL UNIQUE, feed TEXT NOT NULL, state TEXT NOT NULL,
    events INTEGER NOT NULL, known INTEGER NOT NULL, dead INTEGER NOT NULL, duplicated INTEGER NOT NULL,
    first_event INTEGER NOT NULL, last_event INTEGER NOT NULL, begun INTEGER NOT NULL, written INTEGER,
    confirmed INTEGER, attempts INTEGER NOT NULL, index_name TEXT, dead_ids TEXT, prints BLOB NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS batches_of_feed ON batches(feed, number);
  CREATE TABLE IF NOT EXISTS events(number INTEGER PRIMARY KEY, list TEXT NOT NULL) STRICT;
  PRAGMA user_version = ${FILE_VERSION};
`

/** A file of another version, or one that is not what it should be. */
export class UnusableReceipts extends Error {}

const PRINT_BYTES = 4
const MOST_FOUND = 20
/** Batches that are removed in one transaction. */
const PIECE = 50

const printOf = (id: string): Buffer => hash("sha1", id, "buffer").subarray(0, PRINT_BYTES)

const decodeEvents = Schema.decodeSync(
  Schema.fromJsonString(Schema.Array(Schema.Tuple([Schema.String, Schema.Number, Schema.Number]))),
)
const decodeIds = Schema.decodeSync(Schema.fromJsonString(Schema.Array(Schema.String)))
const decodeState = Schema.decodeUnknownSync(Schema.Literals(STATES))

type Row = Record<string, SQLOutputValue>
const orNone = <A>(value: SQLOutputValue | undefined, as: (value: SQLOutputValue) => A): A | undefined =>
  value === null || value === undefined ? undefined : as(value)

const receiptOf = (row: Row): StoredReceipt => ({
  batch: String(row.batch),
  feed: String(row.feed),
  state: decodeState(row.state),
  events: Number(row.events),
  known: Number(row.known),
  dead: Number(row.dead),
  duplicated: Number(row.duplicated),
  firstEventAt: Number(row.first_event),
  lastEventAt: Number(row.last_event),
  begunAt: Number(row.begun),
  writtenAt: orNone(row.written, Number),
  confirmedAt: orNone(row.confirmed, Number),
  attempts: Number(row.attempts),
  index: orNone(row.index_name, String),
})

export class ReceiptsFile {
  readonly #db: DatabaseSync
  readonly #find: StatementSync
  readonly #events: StatementSync

  /** @param role a reader changes nothing, and takes the file as a writer has left it */
  constructor(db: DatabaseSync, role: "writer" | "reader") {
    const version = db.prepare("PRAGMA user_version").get()?.user_version
    const isNew = db.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()?.tables === 0
    if (!isNew && version !== FILE_VERSION)
      throw new UnusableReceipts(
        `it is of version ${String(version)}, and this Waybill writes ${FILE_VERSION}`,
      )
    if (role === "reader" && isNew) throw new UnusableReceipts("nothing has been written to it yet")
    if (role === "writer") {
      db.exec(
        "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; " +
          "PRAGMA journal_size_limit=16777216; PRAGMA cache_size=-2000;",
      )
      db.exec(SCHEMA)
    }
    this.#db = db
    this.#find = db.prepare("SELECT * FROM batches WHERE instr(prints, ?) > 0 ORDER BY number DESC")
    this.#events = db.prepare("SELECT list FROM events WHERE number = ?")
  }

  /** An earlier run will not settle what it had begun. */
  leaveOpenOnes(): void {
    this.#db.exec("UPDATE batches SET state = 'left' WHERE state IN ('writing', 'outstanding')")
  }

  /** Writes all of it, or nothing. */
  commit(changes: ReadonlyArray<Change>): void {
    this.#transaction(() => {
      for (const change of changes) this.#apply(change)
    })
  }

  #transaction(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE")
    try {
      work()
      this.#db.exec("COMMIT")
    } catch (cause) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK")
      throw cause
    }
  }

  #apply(change: Change): void {
    const { batch } = change
    switch (change._tag) {
      case "Begun":
        this.#insert(change)
        return
      case "Written":
        this.#db
          .prepare(
            "UPDATE batches SET written = ?, attempts = ?, state = 'outstanding' " +
              "WHERE batch = ? AND state IN ('writing', 'outstanding')",
          )
          .run(change.at, change.attempt, batch)
        return
      case "Settled":
        this.#db
          .prepare(
            "UPDATE batches SET state = ?, dead = ?, duplicated = ?, attempts = ?, confirmed = ?, dead_ids = ?, " +
              "index_name = coalesce(?, index_name) WHERE batch = ?",
          )
          .run(
            change.state,
            change.dead,
            change.duplicated,
            change.attempts,
            change.state === "confirmed" ? change.at : null,
            change.deadIds.length === 0 ? null : JSON.stringify(change.deadIds),
            change.index ?? null,
            batch,
          )
        return
      case "Indexed":
        this.#db.prepare("UPDATE batches SET index_name = ? WHERE batch = ?").run(change.index, batch)
    }
  }

  #insert({ at, batch, events, feed, known }: Extract<Change, { _tag: "Begun" }>): void {
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (const [, , time] of events) {
      first = Math.min(first, time)
      last = Math.max(last, time)
    }
    const { lastInsertRowid } = this.#db
      .prepare(
        "INSERT OR REPLACE INTO batches(batch, feed, state, events, known, dead, duplicated, first_event, last_event, begun, attempts, prints) " +
          "VALUES (?, ?, 'writing', ?, ?, 0, 0, ?, ?, ?, 1, ?)",
      )
      .run(
        batch,
        feed,
        events.length,
        known,
        first,
        last,
        at,
        Buffer.concat(events.map(([id]) => printOf(id))),
      )
    this.#db
      .prepare("INSERT INTO events(number, list) VALUES (?, ?)")
      .run(lastInsertRowid, JSON.stringify(events))
  }

  find(id: string): ReadonlyArray<TracedWrite> {
    const found: Array<TracedWrite> = []
    for (const row of this.#find.iterate(printOf(id))) {
      const list = this.#events.get(Number(row.number))?.list
      const entry = decodeEvents(String(list ?? "[]")).find(([one]) => one === id)
      if (entry === undefined) continue
      const [, receivedAt, eventAt] = entry
      const isDead = decodeIds(String(row.dead_ids ?? "[]")).includes(id)
      found.push({ receipt: receiptOf(row), receivedAt, eventAt, isDead })
      if (found.length === MOST_FOUND) break
    }
    return found
  }

  page({ cursor, feed, limit }: ReceiptsQuery): ReceiptPage {
    const before = cursor ?? Number.MAX_SAFE_INTEGER
    const rows =
      feed === undefined
        ? this.#db
            .prepare("SELECT * FROM batches WHERE number < ? ORDER BY number DESC LIMIT ?")
            .all(before, limit + 1)
        : this.#db
            .prepare("SELECT * FROM batches WHERE feed = ? AND number < ? ORDER BY number DESC LIMIT ?")
            .all(feed, before, limit + 1)
    const shown = rows.slice(0, limit)
    const last = shown.at(-1)
    return {
      receipts: shown.map(receiptOf),
      next: rows.length > limit && last !== undefined ? Number(last.number) : undefined,
    }
  }

  get since(): number | undefined {
    return orNone(this.#db.prepare("SELECT begun FROM batches ORDER BY number LIMIT 1").get()?.begun, Number)
  }

  /** Bytes of it that are in use. */
  get bytes(): number {
    const number = (pragma: string) => Number(this.#db.prepare(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0)
    return (number("page_count") - number("freelist_count")) * number("page_size")
  }

  /** Removes one piece of what was begun before `oldest`, or, where it has more than `maxBytes`, of the oldest ones. */
  prune(oldest: number, maxBytes: number): "removed" | "nothing to remove" {
    const through = this.#db
      .prepare(
        "SELECT max(number) AS through FROM (SELECT number, begun FROM batches ORDER BY number LIMIT ?) WHERE begun < ?",
      )
      .get(PIECE, this.bytes > maxBytes ? Number.MAX_SAFE_INTEGER : oldest)?.through
    if (through === null || through === undefined) return "nothing to remove"
    this.#transaction(() => {
      this.#db.prepare("DELETE FROM batches WHERE number <= ?").run(through)
      this.#db.prepare("DELETE FROM events WHERE number <= ?").run(through)
    })
    this.#db.exec("PRAGMA incremental_vacuum(2000)")
    return "removed"
  }

  close(): void {
    this.#db.close()
  }
}
