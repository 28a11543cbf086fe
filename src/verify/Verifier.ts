/**
 * Says what has become of written events, by asking the indexer and nobody else.
 *
 * The contract that every implementation keeps:
 * - `Confirmed` means that a search has returned every event of the batch, each by its id.
 * - `Lost` means that the loss is proven (see `loss.ts`). Late is not lost, however late.
 * - Neither is ever guessed: while the indexer can't be asked, or nothing can be proven, `confirm` waits.
 */
import { Context, type Effect } from "effect"
import type { FeedName } from "../domain/Checkpoint.ts"
import type { EventType } from "../domain/Event.ts"

/** Events that went through the writer together. */
export interface Written {
  readonly feed: FeedName
  readonly batch: string
  readonly ids: ReadonlyArray<string>
  /** 1 for the first write of these events. */
  readonly attempt: number
  /** When the first and the last of them were handed to the writer, epoch milliseconds. */
  readonly startedAt: number
  readonly writtenAt: number
}

/** Events that may have been written before. Epoch milliseconds. */
export interface Sought {
  readonly ids: ReadonlyArray<string>
  /** The earliest time at which any of them can have come about. */
  readonly since: number
  /** As in a search by ids: from when on everything must have been searched. */
  readonly coverSince?: number
  /**
   * All of them are of this kind and have their own time in here, as has every document of theirs: so if the index has
   * nothing of this kind in here, it has none of them. That is far cheaper to ask.
   */
  readonly within?: {
    readonly eventType: EventType
    readonly from: number
    readonly to: number
    /** The latest own time of all events of this kind that this process has written. */
    readonly writtenUpTo: number
  }
}

/** What shows that events are lost and not late. */
export interface Evidence {
  /** Events written after these by the same writer that the same search returned. */
  readonly laterConfirmed: number
  /** The index in which they lay on every shard, and how many shards that is. */
  readonly index: string
  readonly shards: number
  /** Since when those were searchable, epoch milliseconds. */
  readonly since: number
  /** How long was waited once the chain had moved past the lost events. */
  readonly graceMillis: number
  /** Events written together with the lost ones, or just after them, that arrived. 0: the chain lost everything. */
  readonly neighbours: number
}

export type Verdict =
  | {
      readonly _tag: "Confirmed"
      readonly confirmedAt: number
      readonly duplicated: number
      /** The index in which all of them are, where the search could tell. */
      readonly index?: string | undefined
    }
  | {
      readonly _tag: "Lost"
      readonly missing: ReadonlyArray<string>
      readonly evidence: Evidence
      readonly duplicated: number
    }

/** Where it is stuck: the indexer can't be searched, the writer can't write, or what is written does not arrive. */
export type StalledStage = "indexer" | "writer" | "chain"

export interface VerifierStatus {
  readonly batches: number
  readonly events: number
  /** The oldest write that is not confirmed, epoch milliseconds. */
  readonly oldestWrittenAt: number | undefined
  /** From a write to its being searchable, the last one seen. */
  readonly lagMillis: number | undefined
  readonly indexer: "unknown" | "available" | "unavailable"
  /** Events are out and none has arrived for too long. `since`: epoch milliseconds. */
  readonly stalled: { readonly since: number; readonly stage: StalledStage } | undefined
  /** Events proven lost in this run, each as often as it was lost. */
  readonly lost: number
  /** Events of this run that the index holds more than once. */
  readonly duplicated: number
}

export class Verifier extends Context.Service<
  Verifier,
  {
    /** Waits for the verdict on one write. Interrupting it forgets the write. */
    readonly confirm: (written: Written) => Effect.Effect<Verdict>
    /** Which of these events the index already has, and how often. Waits, with a warning, while it can't be asked. */
    readonly known: (sought: Sought) => Effect.Effect<ReadonlyMap<string, number>>
    readonly status: Effect.Effect<VerifierStatus>
    /** The loop that looks. Never ends; whoever provides the verifier runs it beside the work. */
    readonly watch: Effect.Effect<never>
  }
>()("waybill/verify/Verifier") {}
