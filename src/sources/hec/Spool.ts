/**
 * Where pushed records wait, on disk, until their feed's checkpoint has passed them.
 *
 * The contract:
 * - After `append` has succeeded its records survive a crash of the machine. Many appends share one flush of the disk.
 * - Records have numbers that grow in the order of acceptance, over all senders, and are never used again.
 * - A record with an id of its own that waits already is not kept twice.
 * - What has been accepted goes only when `settled` has told that the checkpoint passed it.
 */
import { Context, Data, type Effect, Runtime } from "effect"
import { CliError } from "effect/cli"
import type { Metadata } from "./records.ts"

/** How the records of a chunk stand in its text: Splunk's event objects, bare JSON records, or lines. */
export type ChunkKind = "event" | "record" | "raw"

/** Records that stand together in a body, as they came. */
export interface Chunk {
  readonly kind: ChunkKind
  readonly count: number
  readonly text: string
  /** The id that the record has whoever sends it; only of a chunk of one. */
  readonly ownId: string | undefined
  /** Whether it is a dead letter's envelope that is sent again. */
  readonly replayed: boolean
}

/** What one request brings. */
export interface Push {
  readonly sender: string
  /** Epoch milliseconds. */
  readonly receivedAt: number
  /** What holds for records that do not say it themselves. */
  readonly defaults: Metadata
  readonly chunks: ReadonlyArray<Chunk>
  /** The channel in which an ack id is wanted. */
  readonly channel: string | undefined
}

export interface StoredChunk extends Chunk {
  /** The number of its last record. */
  readonly last: number
  /** Unique to the run that accepted it; with a record's number it makes the id of a record that has none. */
  readonly prefix: string
  readonly receivedAt: number
  readonly defaults: Metadata
}

/** The limit on what may wait is reached. */
export class SpoolFull extends Data.TaggedError("SpoolFull")<{ readonly message: string }> {}

/** It is more than the spool may hold even where nothing else waits: it can never be taken. */
export class PushTooLarge extends Data.TaggedError("PushTooLarge")<{ readonly message: string }> {}

/** The disk has refused; nothing of the append is accepted. */
export class SpoolFailed extends Data.TaggedError("SpoolFailed")<{
  /** What happened, where, and what to do about it. */
  readonly message: string
}> {}

/** What waits cannot be read at the start. */
export class SpoolUnusable extends Data.TaggedError("SpoolUnusable")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

export interface SpoolStats {
  readonly events: number
  readonly bytes: number
}

export class Spool extends Context.Service<
  Spool,
  {
    /** Succeeds with the ack id, where a channel was named. */
    readonly append: (push: Push) => Effect.Effect<number | undefined, PushTooLarge | SpoolFull | SpoolFailed>
    /** The chunks of a sender after this number, in order: as many as hold `atLeast` records, or all there are. */
    readonly read: (
      sender: string,
      after: number,
      atLeast: number,
    ) => Effect.Effect<ReadonlyArray<StoredChunk>, SpoolFailed>
    /** Waits until there is a record of this sender after this number. */
    readonly arrived: (sender: string, after: number) => Effect.Effect<void>
    /** The checkpoint has passed everything of this sender up to this number. */
    readonly settled: (sender: string, upTo: number) => Effect.Effect<void>
    /**
     * For each ack id of a channel, whether everything it stands for is settled. One that was answered true is
     * forgotten, and false from then on, as in Splunk.
     */
    readonly acks: (
      sender: string,
      channel: string,
      ids: ReadonlyArray<number>,
    ) => Effect.Effect<ReadonlyMap<number, boolean>>
    /** Whether nothing can be accepted now: the limit is reached, or the disk takes nothing. */
    readonly isFull: () => boolean
    readonly stats: () => SpoolStats
    /** Senders that are not configured any more and whose records still wait. */
    readonly orphans: ReadonlyArray<string>
    /** The highest number that an earlier run had given. */
    readonly openedAt: number
  }
>()("waybill/sources/hec/Spool") {}
