/** The least important level that is shown. It can be changed while Waybill runs. */
import { Context, type Effect } from "effect"
import type { Config } from "../config/Config.ts"

export type ShownLevel = Config["log"]["level"]
export const SHOWN_LEVELS = ["debug", "info", "warn", "error"] as const satisfies ReadonlyArray<ShownLevel>

export class LogLevel extends Context.Service<
  LogLevel,
  {
    readonly get: Effect.Effect<ShownLevel>
    /** Holds from the next line on, for every part. */
    readonly set: (level: ShownLevel) => Effect.Effect<void>
  }
>()("waybill/telemetry/LogLevel") {}
