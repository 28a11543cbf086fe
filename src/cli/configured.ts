/** Provides the configuration that `--config` and the environment give to a command. */
import process from "node:process"
import { Effect } from "effect"
import * as Configuration from "../config/Configuration.ts"
import { root } from "./root.ts"

export const configured = <A, E, R>(command: Effect.Effect<A, E, R>) =>
  Effect.flatMap(root, ({ config }) =>
    Effect.provide(command, Configuration.layer({ path: config, env: process.env })),
  )
