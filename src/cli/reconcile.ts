/** `waybill reconcile`: what the source has and the index lacks, delivered or only told. */
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { configured } from "./configured.ts"
import { withExitCodes } from "./exitCodes.ts"
import { flags, lookBack } from "./reconciling.ts"

export const reconcile = Command.make(
  "reconcile",
  {
    from: Flag.String("from").pipe(
      Flag.withDefault("24h"),
      Flag.withDescription(
        "The begin of the window: ISO 8601 (UTC unless it says otherwise) or how long ago, such as 24h or 7d",
      ),
    ),
    ...flags,
  },
  Effect.fnUntraced(function* (input) {
    yield* lookBack({ ...input, command: "reconcile" })
  }, configured),
).pipe(
  Command.withDescription(
    "Compare the source with the Wazuh index by id, over the last 24 hours or any window, and deliver what is missing " +
      "and only that. What becomes of each event is confirmed by a search, as in `waybill run`; checkpoints stay where they are. " +
      "Only one process may work on the state folder: stop `waybill run` before, or use --dry-run, or leave it to " +
      "`waybill run`, which does this by itself (reconcile.interval). " +
      "Interrupted, a start with the same --from and --to (as times, not as how long ago) goes on where it was.",
  ),
  withExitCodes({
    0: "nothing is left to do",
    1: "failed or not finished; what came before is kept",
    2: "a dry run found something missing",
    130: "interrupted",
  }),
  Command.withShortDescription("Find what is missing in the index and deliver it"),
  Command.withExamples([
    {
      command: "waybill reconcile --dry-run",
      description: "Is anything of the last 24 hours missing? Sends nothing",
    },
    {
      command: "waybill reconcile --feed flows --from 7d",
      description: "Deliver what is missing of a week's flows",
    },
    {
      command: "waybill reconcile --from 2026-02-21T19:00:00Z --to 2026-02-23T01:00:00Z --json",
      description: "A window by its bounds, with the counts as JSON",
    },
  ]),
)
