/**
 * What was written in which batch, and what has become of it: for people who ask where an event is.
 *
 * The contract:
 * - `begun`, `written` and `settled` are told by the stages of the pipeline, `indexed` by whoever asks. They return at once, whatever the disk
 *   does, and never fail: what can't be kept is left out with a warning. Nothing that is delivered depends on it.
 * - A batch of which nothing was handed to the writer, because the index had it all, leaves no receipt.
 * - What an earlier run had begun and not settled says so (`left`).
 *
 * It is a reference with a default that keeps nothing, because only a process that delivers has anything to keep.
 */
import { Context, Data, Effect, Runtime } from "effect"
import { CliError } from "effect/cli"
import type { Batch, Receipt } from "../domain/Batch.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import type { Event } from "../domain/Event.ts"
import type { WriteContext } from "../pipeline/write.ts"

/**
 * Of a batch. `writing`: handed to the writer, which has not taken all of it. `outstanding`: written, and not settled.
 * `confirmed`: a search has returned every event that is no dead letter. `settled`: with another `verify.mode` than
 * `always`, written, and nobody looks for it. `left`: the run that wrote it ended before it was settled; the next one
 * looked for it in the index before it sent anything.
 */
export const STATES = ["writing", "outstanding", "confirmed", "settled", "left"] as const
export type ReceiptState = (typeof STATES)[number]

/** Times are epoch milliseconds. */
export interface StoredReceipt {
  readonly batch: string
  readonly feed: FeedName
  readonly state: ReceiptState
  /** Events that were handed to the writer. */
  readonly events: number
  /** Of the same batch: the index had them before, and they were not sent. */
  readonly known: number
  /** Records and events of it that became dead letters, and events that the index holds more than once. */
  readonly dead: number
  readonly duplicated: number
  /** The earliest and the latest of the events' own times. */
  readonly firstEventAt: number
  readonly lastEventAt: number
  /** When it was handed to the writer, and when the writer had taken all of its last attempt. */
  readonly begunAt: number
  readonly writtenAt: number | undefined
  readonly confirmedAt: number | undefined
  readonly attempts: number
  /**
   * Where it lies, as the search said that confirmed it. Where that one could not tell, such as around midnight in UTC or
   * of what was written again: where an event of it lies, once somebody has asked for one.
   */
  readonly index: string | undefined
}

/** One event, in one batch. Times are epoch milliseconds, 0 where that can't be told. */
export interface TracedWrite {
  readonly receipt: StoredReceipt
  readonly receivedAt: number
  readonly eventAt: number
  /** Whether it became a dead letter in this batch. */
  readonly isDead: boolean
}

export interface ReceiptsQuery {
  readonly feed?: string | undefined
  readonly limit: number
  /** `next` of the page before; the newest receipt is first when absent. */
  readonly cursor?: number | undefined
}

export interface ReceiptPage {
  readonly receipts: ReadonlyArray<StoredReceipt>
  /** The cursor of the page after this one; undefined: this is the last one. */
  readonly next: number | undefined
}

export class ReceiptsError extends Data.TaggedError("ReceiptsError")<{
  /** What happened, where, and what to do about it. */
  readonly message: string
}> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

export interface ReceiptsShape {
  /** These events of a batch are handed to the writer now. */
  readonly begun: (batch: Batch, events: ReadonlyArray<Event>, known: number) => Effect.Effect<void>
  /** The writer has taken them. */
  readonly written: (write: WriteContext, writtenAt: number) => Effect.Effect<void>
  /** @param deadIds events of those begun that became dead letters */
  readonly settled: (receipt: Receipt, deadIds: ReadonlyArray<string>) => Effect.Effect<void>
  /** A search has returned an event of this batch from this index. */
  readonly indexed: (batch: string, index: string) => Effect.Effect<void>
  /** Every batch that had this event, newest first, and at most 20. */
  readonly find: (eventId: string) => Effect.Effect<ReadonlyArray<TracedWrite>, ReceiptsError>
  /** Newest first. */
  readonly page: (query: ReceiptsQuery) => Effect.Effect<ReceiptPage, ReceiptsError>
  /** When the oldest receipt was begun; undefined where there is none. */
  readonly since: Effect.Effect<number | undefined, ReceiptsError>
}

const nothing: ReceiptsShape = {
  begun: () => Effect.void,
  written: () => Effect.void,
  settled: () => Effect.void,
  indexed: () => Effect.void,
  find: () => Effect.succeed([]),
  page: () => Effect.succeed({ receipts: [], next: undefined }),
  since: Effect.succeed(undefined),
}

export const Receipts = Context.Reference<ReceiptsShape>("waybill/receipts/Receipts", {
  defaultValue: () => nothing,
})
