/** `waybill run`: until it is stopped. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { application } from "../app/Application.ts"
import * as Layers from "../app/layers.ts"
import { Configuration } from "../config/Configuration.ts"
import * as Logger from "../telemetry/Logger.ts"
import { configured } from "./configured.ts"

export const run = Command.make(
  "run",
  {},
  Effect.fnUntraced(function* () {
    const { log } = yield* Configuration
    yield* application.pipe(Effect.provide(Layers.layer), Effect.provide(Logger.layer(log.format, log.level)))
  }, configured),
).pipe(
  Command.withDescription(
    "Deliver every feed into Wazuh, until stopped. SIGTERM waits for what is on its way.",
  ),
)
