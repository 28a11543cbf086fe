/** `waybill backfill`: a window that was never fetched. */
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { configured } from "./configured.ts"
import { withExitCodes } from "./exitCodes.ts"
import { flags, lookBack } from "./reconciling.ts"

export const backfill = Command.make(
  "backfill",
  {
    from: Flag.String("from").pipe(
      Flag.withDescription(
        "The begin of the window: ISO 8601 (UTC unless it says otherwise) or how long ago, such as 30d",
      ),
    ),
    ...flags,
  },
  Effect.fnUntraced(function* (input) {
    yield* lookBack({ ...input, command: "backfill" })
  }, configured),
).pipe(
  Command.withDescription(
    "Fetch and deliver a window that was never fetched, such as the time before Waybill was installed. " +
      "It works as `waybill reconcile` does: what the index has already is not sent, what is sent is confirmed by a search, " +
      "checkpoints stay where they are, and a start with the same --from and --to goes on where it was interrupted. " +
      "It can reach back as far as the source keeps records (source.firewalla.retention); what is older is named and left out.",
  ),
  withExitCodes({
    0: "nothing is left to do",
    1: "failed or not finished; what came before is kept",
    2: "a dry run found something to deliver",
    130: "interrupted",
  }),
  Command.withShortDescription("Deliver a window that was never fetched"),
  Command.withExamples([
    {
      command: "waybill backfill --from 30d --dry-run",
      description: "How much would come of the last 30 days?",
    },
    {
      command: "waybill backfill --feed flows --from 2026-01-01 --to 2026-01-15",
      description: "Two weeks of flows, from midnight to midnight in UTC",
    },
  ]),
)
