/** The command tree and its layers. */
import "./app/heap.ts"
import process from "node:process"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, Effect, Exit, Runtime } from "effect"
import { Command } from "effect/cli"
import { VERSION } from "./app/version.ts"
import { backfill } from "./cli/backfill.ts"
import { demo } from "./cli/demo.ts"
import { dlq } from "./cli/dlq/dlq.ts"
import { reconcile } from "./cli/reconcile.ts"
import { root } from "./cli/root.ts"
import { run } from "./cli/run.ts"
import { setup } from "./cli/setup.ts"

root.pipe(
  Command.withSubcommands([run, reconcile, backfill, dlq, setup, demo]),
  Command.run({ version: VERSION }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({
    // A stop by signal that drained is a success, for systemd and Docker too; unless the command says otherwise.
    teardown: (exit, onExit) =>
      Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
        ? onExit(Number(process.exitCode ?? 0))
        : Runtime.defaultTeardown(exit, onExit),
  }),
)
