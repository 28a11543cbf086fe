/** `waybill config schema`: what the file may hold, for editors. */
import { Console } from "effect"
import { Command } from "effect/cli"
import { jsonSchemaDocument } from "../../config/documents.ts"
import { withoutConfiguration } from "../exitCodes.ts"

export const schema = Command.make("schema", {}, () => Console.log(jsonSchemaDocument().trimEnd())).pipe(
  Command.withDescription(
    "Print the JSON Schema of the configuration file, by which editors complete and check it. It is that of " +
      "config/waybill.schema.json, for just this version.",
  ),
  Command.withShortDescription("The JSON Schema of the file, for editors"),
  Command.withExamples([
    {
      command: "waybill config schema > waybill.schema.json",
      description: "For a line `# yaml-language-server: $schema=./waybill.schema.json` in the file",
    },
  ]),
  withoutConfiguration({}),
)
