/**
 * A chain in memory that does all that the proof must not be deceived by: events swap places, some are lost, the
 * shipper pauses, each copy of each shard refreshes at its own moments, and indices change with the day.
 *
 * Time is the test clock's. Nothing runs by itself: what an event's fate is, is decided when it is written, and a
 * search looks at who is visible by then.
 */
import { Clock, Effect, Layer } from "effect"
import { seededRandom } from "../../src/demo/seededRandom.ts"
import { type Indexed, Indexer, IndexerError, type Place } from "../../src/indexer/Indexer.ts"
import { Writer } from "../../src/writers/Writer.ts"

export interface ModelOptions {
  readonly seed: number
  readonly shards: number
  readonly copies: number
  /** Whether a search may ask another copy than the one before it; with a preference it does so only when copies go. */
  readonly bouncing: boolean
  readonly refreshMillis: number
  /** The longest time by which an event may be overtaken. */
  readonly reorderMillis: number
  /** Share of events that never arrive. */
  readonly loss: number
  /** From the manager to the index, at least. */
  readonly delayMillis: number
  /** Intervals in which nothing goes from the manager to the index. */
  readonly pauses: ReadonlyArray<readonly [from: number, to: number]>
  /** Intervals in which all that is written is lost. */
  readonly blackouts: ReadonlyArray<readonly [from: number, to: number]>
  /** By how much the manager's clock is off, and from when to when; it stamps what arrives. */
  readonly clock: ReadonlyArray<readonly [from: number, to: number, ahead: number]>
  /** Intervals in which searches fail. */
  readonly unsearchable: ReadonlyArray<readonly [from: number, to: number]>
}

export const CALM: ModelOptions = {
  seed: 1,
  shards: 3,
  copies: 1,
  bouncing: true,
  refreshMillis: 5000,
  reorderMillis: 0,
  loss: 0,
  delayMillis: 500,
  pauses: [],
  blackouts: [],
  clock: [],
  unsearchable: [],
}

const DAY = 86_400_000
const INDEX = "alerts-"

interface WrittenText {
  readonly event_id: string
  readonly waybill: { readonly batch: string }
}

interface Document {
  readonly id: string
  readonly batch: string
  readonly index: string
  readonly shard: number
  readonly indexedAt: number
  /** `@timestamp`. */
  readonly stampedAt: number
}

const within = <A extends readonly [number, number, ...ReadonlyArray<number>]>(
  at: number,
  intervals: ReadonlyArray<A>,
) => intervals.find(([from, to]) => at >= from && at < to)

export class ModelChain {
  readonly documents: Array<Document> = []
  /** Each id as often as it was written. */
  readonly writes = new Map<string, number>()
  readonly lost = new Set<string>()
  /** Ids that are lost however often they are written. */
  readonly poison = new Set<string>()
  readonly searches = { copies: 0, places: 0 }
  readonly options: ModelOptions
  readonly #byId = new Map<string, Array<Document>>()
  readonly #byBatch = new Map<string, Array<Document>>()
  readonly #preferred = new Map<string, number>()
  readonly #random: { readonly next: () => number }

  constructor(options: ModelOptions) {
    this.options = options
    this.#random = seededRandom(options.seed)
  }

  #write(id: string, batch: string, now: number): void {
    const { blackouts, delayMillis, loss, pauses, reorderMillis, shards } = this.options
    this.writes.set(id, (this.writes.get(id) ?? 0) + 1)
    const swap = this.#random.next() < 0.1 ? this.#random.next() * reorderMillis : 0
    const shard = Math.floor(this.#random.next() * shards)
    if (this.#random.next() < loss || within(now, blackouts) !== undefined || this.poison.has(id)) {
      this.lost.add(id)
      return
    }
    this.lost.delete(id)
    const arrived = now + swap * 0.5
    const stampedAt = arrived + (within(arrived, this.options.clock)?.[2] ?? 0)
    const pause = within(now + delayMillis, pauses)
    // What comes out of a pause comes out at once, but in the order in which it would have come.
    const indexedAt = (pause === undefined ? now + delayMillis : pause[1] + (now - pause[0]) / 1000) + swap
    const index = `${INDEX}${Math.floor(stampedAt / DAY)}`
    const document = { id, batch, index, shard, indexedAt, stampedAt }
    this.documents.push(document)
    this.#byId.set(id, [...(this.#byId.get(id) ?? []), document])
    this.#byBatch.set(batch, [...(this.#byBatch.get(batch) ?? []), document])
  }

  /** When a copy of a shard shows what came to it. */
  #visibleAt({ indexedAt, index, shard }: Document, copy: number): number {
    const { copies, refreshMillis, shards } = this.options
    // Neither two copies nor the indices of two days are refreshed at the same moments.
    const day = Number(index.slice(INDEX.length))
    const phase = ((((shard * copies + copy) / (shards * copies) + day * 0.37) % 1) + 0.001) * refreshMillis
    return Math.floor((indexedAt - phase) / refreshMillis + 1) * refreshMillis + phase
  }

  /** One search asks one copy of each shard. */
  #search<A>(all: ReadonlyArray<Document>, since: number, read: (found: ReadonlyArray<Document>) => A) {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (within(now, this.options.unsearchable) !== undefined)
        return new IndexerError({ reason: "incomplete", message: "a shard did not answer" })
      const chosen = this.options.bouncing ? new Map<string, number>() : this.#preferred
      const copyOf = ({ index, shard }: Document) => {
        const key = `${index}/${shard}`
        const copy = chosen.get(key) ?? Math.floor(this.#random.next() * this.options.copies)
        chosen.set(key, copy)
        return copy
      }
      return Effect.succeed(
        read(
          all.filter(
            (document) => document.stampedAt >= since && this.#visibleAt(document, copyOf(document)) <= now,
          ),
        ),
      )
    })
  }

  /** More than one document of the same id: the thing that must never be. */
  get twice(): ReadonlyArray<string> {
    return [...this.#byId].filter(([, documents]) => documents.length > 1).map(([id]) => id)
  }

  /** Whether every copy shows it. */
  isSearchable(id: string, now: number): boolean {
    const copies = Array.from({ length: this.options.copies }, (_, copy) => copy)
    const documents = this.#byId.get(id) ?? []
    return documents.some((document) => copies.every((copy) => this.#visibleAt(document, copy) <= now))
  }

  isIndexed(id: string): boolean {
    return this.#byId.has(id)
  }

  readonly layer = Layer.mergeAll(
    Layer.sync(Writer, () =>
      Writer.of({
        kind: "socket",
        maxBytes: 65_000,
        write: (events) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            for (const text of events) {
              const { event_id: id, waybill }: WrittenText = JSON.parse(text)
              this.#write(id, waybill.batch, now)
            }
          }),
      }),
    ),
    Layer.sync(Indexer, () => {
      const copies = (found: ReadonlyArray<Document>) => {
        const counts = new Map<string, number>()
        for (const { id } of found) counts.set(id, (counts.get(id) ?? 0) + 1)
        return counts
      }
      const named = ({ ids }: Indexed) => ids.flatMap((id) => this.#byId.get(id) ?? [])
      return Indexer.of({
        count: (query) => this.#search(named(query), query.since, (found) => found.length),
        copies: (query) => {
          this.searches.copies += 1
          return this.#search(named(query), query.since, copies)
        },
        tally: ({ batches, since }) =>
          this.#search(
            batches.flatMap((batch) => this.#byBatch.get(batch) ?? []),
            since,
            (found) => {
              const counts = new Map<string, number>()
              for (const { batch } of found) counts.set(batch, (counts.get(batch) ?? 0) + 1)
              return counts
            },
          ),
        ofBatches: ({ batches, since }) => {
          this.searches.copies += 1
          return this.#search(
            batches.flatMap((batch) => this.#byBatch.get(batch) ?? []),
            since,
            (found) => ({ copies: copies(found), index: undefined }),
          )
        },
        // A document here has no time of its own, so any may lie in between.
        between: ({ since }) => this.#search(this.documents, since, (found) => found.length),
        places: (query) => {
          this.searches.places += 1
          return this.#search(named(query), query.since, (found) =>
            found.map(({ id, index, shard }): Place => ({ id, index, shard })),
          )
        },
        shards: (index) =>
          this.documents.some((document) => document.index === index)
            ? Effect.succeed(this.options.shards)
            : new IndexerError({ reason: "incomplete", message: `no ${index}` }),
      })
    }),
  )
}
