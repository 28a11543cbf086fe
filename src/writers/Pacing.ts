/**
 * How many messages may be written now without the manager dropping any.
 *
 * analysisd has no back-pressure: its input thread empties the socket and drops what its decode queue of 16,384
 * cannot take, while the sender sees only success (src/analysisd/analysisd.c). So a writer asks before it sends.
 */
import { Context, type Effect } from "effect"

export class Pacing extends Context.Service<
  Pacing,
  {
    /** Waits until at least one message may be written; succeeds with how many, at most `wanted`. */
    readonly permits: (wanted: number) => Effect.Effect<number>
    /** The manager's decode queue as last seen, 0 to 1; `undefined` while its statistics can't be had. */
    readonly queueUsage: Effect.Effect<number | undefined>
  }
>()("waybill/writers/Pacing") {}
