/**
 * What the start-up sync asks of the indexer: how far the index has come, by the events' own times.
 *
 * Beside `Indexer`, with the same promises and the same errors, because whoever confirms batches has no use for it.
 */
import { Context, type Effect, type Option } from "effect"
import type { EventType } from "../domain/Event.ts"
import type { IndexerError } from "./Indexer.ts"

export interface NewestQuery {
  /** `data.source`, for example `firewalla-msp`. */
  readonly source: string
  readonly eventType: EventType
  /** Earliest time of ARRIVAL to look at, epoch milliseconds; without it every index of the pattern is searched. */
  readonly since?: number
}

export interface NewestEvent {
  readonly id: string
  /** The event's own time (`data.event_time`), epoch milliseconds. */
  readonly timeMillis: number
}

export class IndexHistory extends Context.Service<
  IndexHistory,
  {
    /** The searchable event with the latest own time; none when the index has no event of this kind. */
    readonly newest: (query: NewestQuery) => Effect.Effect<Option.Option<NewestEvent>, IndexerError>
  }
>()("waybill/indexer/IndexHistory") {}
