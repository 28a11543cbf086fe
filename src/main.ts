/** `waybill`: the command tree, run. */
import "./app/heap.ts"
import process from "node:process"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, Effect, Exit, Runtime } from "effect"
import { Command } from "effect/cli"
import { VERSION } from "./app/version.ts"
import { waybill } from "./cli/commands.ts"
import * as Help from "./cli/terminal/help.ts"

waybill.pipe(
  Command.run({ version: VERSION }),
  Effect.provide(Help.layer),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({
    // A stop by signal that drained is a success, for systemd and Docker too; unless the command says otherwise.
    teardown: (exit, onExit) =>
      Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
        ? onExit(Number(process.exitCode ?? 0))
        : Runtime.defaultTeardown(exit, onExit),
  }),
)
