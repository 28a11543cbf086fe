/** The settings that more than one stage goes by. */
import { Context, type Duration } from "effect"

export class Policies extends Context.Service<
  Policies,
  {
    readonly maxBatchEvents: number
    /** How often one event is written before its proven loss makes it a dead letter. */
    readonly maxAttempts: () => number
    /** The longest pause between two tries of something that is held. */
    readonly maxDelay: Duration.Duration
  }
>()("waybill/pipeline/Policies") {}
