/** Flags that many commands have. */
import { Flag } from "effect/cli"

export const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print one JSON object on standard output and nothing else: docs/cli-json.md"),
)
