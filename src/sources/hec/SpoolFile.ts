/**
 * The spool's SQLite file. Everything here is synchronous and throws what SQLite says.
 *
 * WAL with `synchronous=FULL`: a transaction is on disk when its commit returns (sqlite.org/pragma.html#pragma_synchronous).
 * The lock is exclusive, so that no second Waybill reads the same file.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { Schema } from "effect"
import { OpenChannels } from "./OpenChannels.ts"
import type { ChunkKind, Push, StoredChunk } from "./Spool.ts"

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS chunks(
    last INTEGER PRIMARY KEY, sender TEXT NOT NULL, count INTEGER NOT NULL, kind TEXT NOT NULL, own_id TEXT,
    replayed INTEGER NOT NULL, prefix TEXT NOT NULL, received INTEGER NOT NULL, defaults TEXT NOT NULL,
    text TEXT NOT NULL, bytes INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS chunks_of_sender ON chunks(sender, last);
  CREATE UNIQUE INDEX IF NOT EXISTS own_ids ON chunks(sender, own_id) WHERE own_id IS NOT NULL;
  CREATE TABLE IF NOT EXISTS channels(
    sender TEXT NOT NULL, channel TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY(sender, channel)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS acks(
    sender TEXT NOT NULL, channel TEXT NOT NULL, id INTEGER NOT NULL, up_to INTEGER NOT NULL,
    PRIMARY KEY(sender, channel, id)
  ) STRICT, WITHOUT ROWID;
`

/** What a row needs beside its text. */
const ROW_BYTES = 256

/** A read ends here however few records it has found. */
const MOST_READ_BYTES = 4 * 1024 * 1024

export const bytesOf = (push: Push): number =>
  push.chunks.reduce((sum, { text }) => sum + Buffer.byteLength(text) + ROW_BYTES, 0)

const Defaults = Schema.fromJsonString(
  Schema.Struct({
    host: Schema.optionalKey(Schema.String),
    source: Schema.optionalKey(Schema.String),
    sourcetype: Schema.optionalKey(Schema.String),
    index: Schema.optionalKey(Schema.String),
    time: Schema.optionalKey(Schema.Finite),
  }),
)
const decodeDefaults = Schema.decodeSync(Defaults)

const KINDS: Readonly<Record<string, ChunkKind>> = { event: "event", record: "record", raw: "raw" }

export interface Appended {
  readonly ackId: number | undefined
  /** The number of the last record that this push must wait for. */
  readonly upTo: number
}

export interface Removed {
  readonly events: number
  readonly bytes: number
}

/** One ack id that is to be forgotten, or a whole channel. */
export interface Forgotten {
  readonly sender: string
  readonly channel: string
  readonly id: number | undefined
}

export class SpoolFile {
  readonly channels: OpenChannels
  /** The number that the next record gets. */
  #next: number
  readonly #db: DatabaseSync
  readonly #prefix: string
  readonly #insert: StatementSync
  readonly #waiting: StatementSync
  readonly #select: StatementSync
  readonly #delete: StatementSync
  readonly #putChannel: StatementSync
  readonly #putAck: StatementSync
  readonly #deleteAck: StatementSync
  readonly #deleteAcks: StatementSync
  readonly #deleteChannel: StatementSync

  /** @param prefix unique to this run */
  constructor(db: DatabaseSync, prefix: string, maxPages?: number) {
    db.exec("PRAGMA locking_mode=EXCLUSIVE")
    // Before anything writes to it.
    const check = db.prepare("PRAGMA quick_check(1)").get()
    if (check?.quick_check !== "ok") throw new Error(`quick_check says: ${String(check?.quick_check)}`)
    db.exec(
      "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; " +
        "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-8000;",
    )
    db.exec(SCHEMA)
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count=${maxPages}`)
    this.#db = db
    this.#prefix = prefix
    this.#insert = db.prepare(
      "INSERT OR IGNORE INTO chunks(last, sender, count, kind, own_id, replayed, prefix, received, defaults, text, bytes) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    this.#waiting = db.prepare("SELECT last FROM chunks WHERE sender = ? AND own_id = ?")
    this.#select = db.prepare("SELECT * FROM chunks WHERE sender = ? AND last > ? ORDER BY last LIMIT 200")
    this.#delete = db.prepare("DELETE FROM chunks WHERE sender = ? AND last <= ? RETURNING count, bytes")
    this.#putChannel = db.prepare("INSERT OR REPLACE INTO channels(sender, channel, next) VALUES (?, ?, ?)")
    this.#putAck = db.prepare("INSERT OR REPLACE INTO acks(sender, channel, id, up_to) VALUES (?, ?, ?, ?)")
    this.#deleteAck = db.prepare("DELETE FROM acks WHERE sender = ? AND channel = ? AND id = ?")
    this.#deleteAcks = db.prepare("DELETE FROM acks WHERE sender = ? AND channel = ?")
    this.#deleteChannel = db.prepare("DELETE FROM channels WHERE sender = ? AND channel = ?")
    this.channels = new OpenChannels(
      db.prepare("SELECT sender, channel, next FROM channels").all(),
      db.prepare("SELECT sender, channel, id, up_to FROM acks").all(),
    )
    const last = db
      .prepare(
        "SELECT max(coalesce((SELECT max(last) FROM chunks), 0), coalesce((SELECT max(up_to) FROM acks), 0)) AS last",
      )
      .get()
    this.#next = Number(last?.last ?? 0) + 1
  }

  /** A checkpoint that lies beyond what waits: the file was lost or is an older copy. Its numbers must not come again. */
  startAfter(number: number): void {
    this.#next = Math.max(this.#next, number + 1)
  }

  get last(): number {
    return this.#next - 1
  }

  /** Whose records wait, each with the number of the last one. */
  get newest(): ReadonlyMap<string, number> {
    const rows = this.#db.prepare("SELECT sender, max(last) AS last FROM chunks GROUP BY sender").all()
    return new Map(rows.map(({ sender, last }) => [String(sender), Number(last)]))
  }

  get size(): Removed {
    const row = this.#db.prepare("SELECT sum(count) AS events, sum(bytes) AS bytes FROM chunks").get()
    return { events: Number(row?.events ?? 0), bytes: Number(row?.bytes ?? 0) }
  }

  /**
   * Writes all of this, or nothing.
   *
   * @param proving whether to write in any case, to see that the disk takes something again: a transaction that changes
   *   nothing succeeds on a full one
   */
  commit(
    pushes: ReadonlyArray<Push>,
    settled: ReadonlyMap<string, number>,
    forgotten: ReadonlyArray<Forgotten>,
    proving = false,
  ): { readonly appended: ReadonlyArray<Appended>; readonly removed: Removed } {
    this.#db.exec("BEGIN IMMEDIATE")
    try {
      if (proving) this.#db.exec("PRAGMA user_version = 1")
      const removed = this.#remove(settled)
      for (const one of forgotten) this.#forget(one)
      const appended = pushes.map((push) => this.#append(push))
      this.#db.exec("COMMIT")
      return { appended, removed }
    } catch (cause) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK")
      throw cause
    }
  }

  #append(push: Push): Appended {
    let upTo = 0
    const defaults = JSON.stringify(push.defaults)
    for (const { kind, count, text, ownId, replayed } of push.chunks) {
      const last = this.#next + count - 1
      const { changes } = this.#insert.run(
        last,
        push.sender,
        count,
        kind,
        ownId ?? null,
        replayed ? 1 : 0,
        this.#prefix,
        push.receivedAt,
        defaults,
        text,
        Buffer.byteLength(text) + ROW_BYTES,
      )
      this.#next = last + 1
      const waiting = changes === 0 && ownId !== undefined ? this.#waiting.get(push.sender, ownId) : undefined
      upTo = Math.max(upTo, Number(waiting?.last ?? last))
    }
    if (push.channel === undefined) return { ackId: undefined, upTo }
    const { id, dropped } = this.channels.nextId(push.sender, push.channel)
    for (const one of dropped) this.#deleteAck.run(push.sender, push.channel, one)
    this.#putChannel.run(push.sender, push.channel, id + 1)
    this.#putAck.run(push.sender, push.channel, id, upTo)
    return { ackId: id, upTo }
  }

  #remove(settled: ReadonlyMap<string, number>): Removed {
    let events = 0
    let bytes = 0
    for (const [sender, upTo] of settled)
      for (const row of this.#delete.iterate(sender, upTo)) {
        events += Number(row.count)
        bytes += Number(row.bytes)
      }
    return { events, bytes }
  }

  #forget({ sender, channel, id }: Forgotten): void {
    if (id !== undefined) this.#deleteAck.run(sender, channel, id)
    else {
      this.#deleteAcks.run(sender, channel)
      this.#deleteChannel.run(sender, channel)
    }
  }

  read(sender: string, after: number, atLeast: number): ReadonlyArray<StoredChunk> {
    const chunks: Array<StoredChunk> = []
    let records = 0
    let bytes = 0
    for (const row of this.#select.iterate(sender, after)) {
      const kind = KINDS[String(row.kind)]
      if (kind === undefined) throw new Error(`there is no kind of chunk ${String(row.kind)}`)
      chunks.push({
        last: Number(row.last),
        count: Number(row.count),
        kind,
        ownId: row.own_id === null ? undefined : String(row.own_id),
        replayed: row.replayed === 1,
        prefix: String(row.prefix),
        receivedAt: Number(row.received),
        defaults: decodeDefaults(String(row.defaults)),
        text: String(row.text),
      })
      records += Number(row.count)
      bytes += Number(row.bytes)
      if (records >= atLeast || bytes >= MOST_READ_BYTES) break
    }
    return chunks
  }

  /** Gives what is free in the file back to the disk. */
  shrink(): void {
    this.#db.exec("PRAGMA incremental_vacuum")
  }

  close(): void {
    this.#db.close()
  }
}
