/** Log lines of a command go to standard error, so that standard output is the command's own. */
import { Effect, Layer, Logger } from "effect"
import { Configuration } from "../config/Configuration.ts"
import * as LogLines from "../telemetry/Logger.ts"

export const withLogs = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Configuration, ({ log }) =>
    work.pipe(Effect.provide(LogLines.layer(log)), Effect.provide(Layer.succeed(Logger.LogToStderr, true))),
  )
