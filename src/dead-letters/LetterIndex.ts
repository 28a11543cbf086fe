/**
 * What is known of the letters without reading them: enough for counts, for choosing a page, and to tell a feed that
 * an event waits here. Plain state with one owner; every step is synchronous.
 */
import type { DeadLetterFile, DeadLetterReason, LetterFilter } from "./DeadLetters.ts"
import { inOrder, type Key, keyOf } from "./keys.ts"

export interface Entry extends Key {
  /** Of the envelope. */
  readonly id: string
  readonly reason: DeadLetterReason
  readonly source: string
  readonly bytes: number
}

export const entryOf = (key: Key, { envelope, reason }: DeadLetterFile, bytes: number): Entry => ({
  seconds: key.seconds,
  n: key.n,
  id: envelope.id,
  reason,
  source: envelope.source,
  bytes,
})

export class LetterIndex {
  /** In the order of the keys: those of the start are added sorted, and each later one has a higher `n`. */
  readonly #byKey = new Map<string, Entry>()
  readonly #byId = new Map<string, Entry>()
  /** One text for the thousands of letters that share a source. */
  readonly #sources = new Map<string, string>()
  #bytes = 0

  #forget(entry: Entry): void {
    this.#byId.delete(entry.id)
    this.#bytes -= entry.bytes
  }

  /** Takes the place of the entry with the same key, if there is one. */
  set(entry: Entry): void {
    const key = keyOf(entry)
    const before = this.#byKey.get(key)
    if (before !== undefined) this.#forget(before)
    const source = this.#sources.get(entry.source) ?? entry.source
    this.#sources.set(source, source)
    const kept = { ...entry, source }
    this.#byKey.set(key, kept)
    this.#byId.set(kept.id, kept)
    this.#bytes += kept.bytes
  }

  remove(key: string): void {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return
    this.#byKey.delete(key)
    this.#forget(entry)
  }

  get size(): number {
    return this.#byKey.size
  }
  get bytes(): number {
    return this.#bytes
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key)
  }
  find(id: string): Entry | undefined {
    return this.#byId.get(id)
  }
  keys(): ReadonlyArray<string> {
    return [...this.#byKey.keys()]
  }

  /** The first `limit` entries behind the cursor that fit. */
  after(cursor: Key | undefined, { reason, source }: LetterFilter, limit: number): ReadonlyArray<Entry> {
    const found: Array<Entry> = []
    for (const entry of this.#byKey.values()) {
      if (found.length >= limit) break
      if (cursor !== undefined && inOrder(entry, cursor) <= 0) continue
      if (reason !== undefined && entry.reason !== reason) continue
      if (source !== undefined && entry.source !== source) continue
      found.push(entry)
    }
    return found
  }
}
