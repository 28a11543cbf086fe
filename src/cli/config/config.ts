/** `waybill config`: what the configuration is, what it may be, and whether it is right. */
import { Command } from "effect/cli"
import { schema } from "./schema.ts"
import { show } from "./show.ts"
import { validate } from "./validate.ts"

export const config = Command.make("config").pipe(
  Command.withDescription(
    "The configuration: one YAML file and the environment over it. docs/configuration.md lists every key.",
  ),
  Command.withShortDescription("Show, check and describe the configuration"),
  Command.withSubcommands([show, validate, schema]),
)
