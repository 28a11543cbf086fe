/** The settings that more than one stage goes by. */
import { Context } from "effect"

export class Policies extends Context.Service<
  Policies,
  {
    readonly maxBatchEvents: number
    /** How often one event is written before its proven loss makes it a dead letter. */
    readonly maxAttempts: () => number
  }
>()("waybill/pipeline/Policies") {}
