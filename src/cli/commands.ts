/** The command tree. Every command registers here. */
import { Command } from "effect/cli"
import { backfill } from "./backfill.ts"
import { check } from "./check.ts"
import { config } from "./config/config.ts"
import { demo } from "./demo.ts"
import { dlq } from "./dlq/dlq.ts"
import { feeds } from "./feeds.ts"
import { receipts } from "./receipts.ts"
import { reconcile } from "./reconcile.ts"
import { root } from "./root.ts"
import { run } from "./run.ts"
import { setup } from "./setup.ts"
import { status } from "./status/status.ts"
import { trace } from "./trace.ts"

export const waybill = root.pipe(
  Command.withSubcommands([
    { group: "Deliver", commands: [run, reconcile, backfill] },
    { group: "Look", commands: [status, feeds, receipts, trace] },
    { group: "Mend", commands: [dlq] },
    { group: "Install", commands: [setup, check, config] },
    { group: "See it work", commands: [demo] },
  ]),
)
