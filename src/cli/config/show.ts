/** `waybill config show`: the configuration that counts, and where each value comes from. */
import process from "node:process"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { explain } from "../../config/explain.ts"
import { loadExplained } from "../../config/loadConfig.ts"
import { json } from "../flags.ts"
import { root } from "../root.ts"
import { lineText, paint } from "../terminal/line.ts"
import { settingJson, settingLines } from "./settingLines.ts"

export const show = Command.make(
  "show",
  {
    changed: Flag.Boolean("changed").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Only what is not a default"),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ changed, json }) {
    const { config: path } = yield* root
    const { merged, origin } = yield* loadExplained({ path, env: process.env })
    const settings = explain(merged).filter(
      ({ from }) => !changed || (from !== "default" && from !== undefined),
    )
    if (json)
      return yield* Console.log(
        JSON.stringify({ command: "config show", origin, settings: settings.map(settingJson) }),
      )
    const painted = yield* paint
    yield* Console.log(
      [[`# ${origin}`], ...settingLines(settings)]
        .map((line) => lineText(line, painted, Number.POSITIVE_INFINITY))
        .join("\n"),
    )
  }),
).pipe(
  Command.withDescription(
    "Show the configuration that counts, as YAML: the file, the environment over it, and the defaults. Behind each value " +
      "stands where it comes from: the variable, `file`, `default`, or the key that names a secret's file. " +
      "Secrets are never shown.",
  ),
  Command.withShortDescription("The configuration that counts, without its secrets"),
  Command.withExamples([
    { command: "waybill config show --changed", description: "What is not as it comes" },
    {
      command: `waybill config show --json | jq -r '.settings[] | select(.from == "environment") | .variable'`,
      description: "Which variables have an effect?",
    },
  ]),
)
