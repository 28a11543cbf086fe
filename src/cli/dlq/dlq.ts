/** `waybill dlq`: records that could not be delivered. */
import { Command } from "effect/cli"
import { list } from "./list.ts"
import { purge } from "./purge.ts"
import { replay } from "./replay.ts"
import { show } from "./show.ts"

export const dlq = Command.make("dlq").pipe(
  Command.withDescription(
    "Dead letters: records that could not be delivered, kept with the reason as files in dlq.base_path.",
  ),
  Command.withShortDescription("List, show, replay and purge dead letters"),
  Command.withSubcommands([list, show, replay, purge]),
)
