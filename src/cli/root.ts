/** The command itself, and the flags that all of its commands share. */
import { Command, Flag } from "effect/cli"

export const root = Command.make("waybill").pipe(
  Command.withDescription(
    "Delivers cloud security events into Wazuh and moves on only when the indexer has them.",
  ),
  Command.withSharedFlags({
    config: Flag.File("config", { mustExist: false }).pipe(
      Flag.withAlias("c"),
      Flag.optional,
      Flag.withDescription(
        "The configuration file (WAYBILL_CONFIG; /etc/waybill/waybill.yaml when there is one)",
      ),
    ),
  }),
)
