/** `waybill run`: until it is stopped. */
import process from "node:process"
import { Cause, Data, Effect, Runtime } from "effect"
import { Command } from "effect/cli"
import { application } from "../app/Application.ts"
import { reloadOnHangup } from "../app/hangup.ts"
import * as Layers from "../app/layers.ts"
import { Configuration } from "../config/Configuration.ts"
import * as LiveConfiguration from "../config/LiveConfiguration.ts"
import { loadConfig } from "../config/loadConfig.ts"
import * as Logger from "../telemetry/Logger.ts"
import type { LogEvent } from "../telemetry/log.ts"
import { configured } from "./configured.ts"
import { withExitCodes } from "./exitCodes.ts"
import { root } from "./root.ts"

/** A run that can't go on. Why is in the log already, in the log's own form, and not said again. */
class RunFailed extends Data.TaggedError("RunFailed") {
  override readonly [Runtime.errorExitCode] = 1
  override readonly [Runtime.errorReported] = false
}

const FAILED: LogEvent = "run.failed"

/** Whoever watches the log learns of the end there, from a missing CA file as from a defect. */
const logFailure = <E>(cause: Cause.Cause<E>): Effect.Effect<never, E | RunFailed> =>
  Cause.hasInterruptsOnly(cause)
    ? Effect.failCause(cause)
    : Effect.logError("Waybill cannot go on, and ends", cause).pipe(
        Effect.annotateLogs({ event: FAILED }),
        Effect.andThen(new RunFailed()),
      )

export const run = Command.make(
  "run",
  {},
  Effect.fnUntraced(function* () {
    const { log } = yield* Configuration
    const load = loadConfig({ path: (yield* root).config, env: process.env })
    yield* reloadOnHangup.pipe(
      Effect.andThen(Effect.provide(application, Layers.layer)),
      Effect.scoped,
      Effect.catchCause(logFailure),
      Effect.provide(LiveConfiguration.layer(load)),
      Effect.provide(Logger.layer(log)),
    )
  }, configured),
).pipe(
  Command.withDescription(
    "Deliver every feed into Wazuh, until stopped. SIGTERM and SIGINT end the fetching, wait for what is on its way " +
      "(shutdown.drain_timeout) and exit with 0; SIGHUP reads the configuration again. Its log is on standard output: docs/telemetry.md lists its events.",
  ),
  Command.withShortDescription("Deliver every feed into Wazuh, until stopped"),
  Command.withExamples([
    { command: "waybill run --config /etc/waybill/waybill.yaml", description: "As in the container" },
    {
      command: "WAYBILL_LOG__FORMAT=pretty waybill run",
      description: "With a log for people",
    },
  ]),
  withExitCodes({ 0: "stopped by a signal", 1: "cannot go on; the last line of the log says why" }),
)
