/**
 * What Waybill asks of the Wazuh indexer. It only reads: a role with `read` on the index pattern is enough, and
 * msearch, ping and cluster calls are never made (they answer 403 to such a role).
 *
 * The contract that every implementation keeps:
 * - An answer is complete or it is an error: one that may have left out a shard, a cluster, a document, or an index in
 *   which what it misses may lie, fails (`coverage.ts`).
 * - `since` lets the node skip old indices. It is the earliest possible time of ARRIVAL at the manager
 *   (`@timestamp`), not the event's own time.
 * - Ids are asked for in queries of at most `maxIds`; a caller may pass any number.
 *
 * What they cost a node, best of three on 49,000 events of 120 batches on 3 shards: by name 10 µs an event, by batch
 * 2 µs, and a slice without an event 150 µs.
 */
import { Context, Data, type Effect } from "effect"
import type { EventType } from "../domain/Event.ts"

export type IndexerErrorReason =
  | "unreachable"
  | "untrusted"
  | "unauthorized"
  | "forbidden"
  | "overloaded"
  | "timed-out"
  | "incomplete"
  | "bad-response"

export class IndexerError extends Data.TaggedError("IndexerError")<{
  readonly reason: IndexerErrorReason
  /** What happened, where, and what to do about it. */
  readonly message: string
  /** The Retry-After header of an overloaded indexer, or of what stands before it, as received. */
  readonly retryAfter?: string
}> {}

export interface Indexed {
  readonly ids: ReadonlyArray<string>
  /** Epoch milliseconds. */
  readonly since: number
  /**
   * From when on everything must have been searched for the answer to count, if that is later than `since`: what may
   * lie before is looked for, and a retention policy may have taken it away.
   */
  readonly coverSince?: number
}

export interface Batches {
  /** As in `waybill.batch` of their events. */
  readonly batches: ReadonlyArray<string>
  /** Epoch milliseconds. */
  readonly since: number
}

/** A stretch of the events' own time, both ends in it. Epoch milliseconds, all of them. */
export interface Slice {
  readonly eventType: EventType
  readonly from: number
  /** Absent: without an end. */
  readonly to?: number
  readonly since: number
}

/** What a search by batches returns. */
export interface InBatches {
  /** How many documents each id has. */
  readonly copies: ReadonlyMap<string, number>
  /** The index in which all of them lie; undefined where they lie in several, or the search can't tell. */
  readonly index: string | undefined
}

/** One searchable document, and where it lies. */
export interface Place {
  readonly id: string
  readonly index: string
  /** The number of its shard in that index, from 0. */
  readonly shard: number
}

/** The most ids that `places` takes: all of them go into one search, and each may have a few copies. */
export const MOST_PLACES = 2_000

export class Indexer extends Context.Service<
  Indexer,
  {
    /** How many documents carry one of these ids. Cheap; more than the number of ids when some are double. */
    readonly count: (query: Indexed) => Effect.Effect<number, IndexerError>
    /** How many documents each of these ids has; an id without a document is absent. */
    readonly copies: (query: Indexed) => Effect.Effect<ReadonlyMap<string, number>, IndexerError>
    /** How many documents each of these batches has; one without a document is absent. Next to nothing. */
    readonly tally: (query: Batches) => Effect.Effect<ReadonlyMap<string, number>, IndexerError>
    /**
     * How many documents each id has among those that were written in one of these batches. The cheapest way to hear
     * of many events at once. A few thousand documents: each is a hit.
     */
    readonly ofBatches: (query: Batches) => Effect.Effect<InBatches, IndexerError>
    /**
     * How many events there are of a kind whose own time lies in a slice, whoever wrote them. 0 is certain; what is
     * more may be too high.
     */
    readonly between: (slice: Slice) => Effect.Effect<number, IndexerError>
    /**
     * Where the documents of these ids lie, one entry a document. At most `MOST_PLACES` ids, in ONE search, which asks
     * one copy of each shard: an id that it does not return was not searchable on the very copies on which the others
     * were.
     */
    readonly places: (query: Indexed) => Effect.Effect<ReadonlyArray<Place>, IndexerError>
    /** How many primary shards an index of the pattern has. */
    readonly shards: (index: string) => Effect.Effect<number, IndexerError>
  }
>()("waybill/indexer/Indexer") {}
