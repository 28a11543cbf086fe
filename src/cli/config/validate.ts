/** `waybill config validate`: everything that is wrong with the configuration, before a start meets it. */
import process from "node:process"
import { Console, Effect, Result } from "effect"
import { Command } from "effect/cli"
import { loadExplained } from "../../config/loadConfig.ts"
import { limitOf, warnings } from "../../config/warnings.ts"
import { withExitCodes } from "../exitCodes.ts"
import { json } from "../flags.ts"
import { root } from "../root.ts"

export const validate = Command.make(
  "validate",
  { json },
  Effect.fnUntraced(function* ({ json }) {
    const { config: path } = yield* root
    const loaded = yield* Effect.result(loadExplained({ path, env: process.env }))
    if (Result.isFailure(loaded)) {
      const { origin, problems } = loaded.failure
      if (json)
        yield* Console.log(
          JSON.stringify({ command: "config validate", valid: false, origin, problems, warnings: [] }),
        )
      return yield* loaded.failure
    }
    const { config, origin } = loaded.success
    const limit = limitOf(config)
    const warned = [
      ...warnings(config),
      ...(limit === undefined ? [] : [{ key: "verify.mode", message: limit }]),
    ]
    if (json)
      return yield* Console.log(
        JSON.stringify({ command: "config validate", valid: true, origin, problems: [], warnings: warned }),
      )
    yield* Console.log(`The configuration is valid (${origin}).`)
    for (const { message } of warned) yield* Console.log(`warning: ${message}`)
  }),
).pipe(
  Command.withDescription(
    "Check the configuration as a start does: all problems at once, each with its key, what was expected and what to do, " +
      "and what is allowed and not safe. Secrets are read from their files; nothing is contacted.",
  ),
  Command.withShortDescription("Everything that is wrong with it, at once"),
  Command.withExamples([
    { command: "waybill config validate", description: "Before a restart" },
    {
      command: "waybill config validate --config new.yaml --json | jq -r '.problems[].where'",
      description: "Which keys of another file are wrong?",
    },
  ]),
  withExitCodes({ 0: "valid, with or without warnings" }),
)
