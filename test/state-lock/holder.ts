/** A process that takes the lock of the folder it is given, says so, and keeps it until it is killed. */
import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import * as StateLock from "../../src/state-lock/StateLock.ts"

const folder = process.argv[2] ?? ""
Effect.runFork(
  Effect.andThen(Console.log("locked"), Effect.never).pipe(
    Effect.provide(StateLock.layer({ folder, command: "waybill run", advice: "" })),
    Effect.provide(Layer.mergeAll(NodeServices.layer)),
  ),
)
