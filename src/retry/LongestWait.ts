/**
 * The longest wait between two tries of what is tried for as long as it takes: a writer, a disk, a source that is away.
 *
 * A reference, because it is asked wherever something holds, deep in stages that no configuration is handed to.
 */
import { Context, Duration } from "effect"

/** `retry.max_delay`; as long as its default where nobody has set it. */
export const LongestWait: Context.Reference<Duration.Duration> = Context.Reference(
  "waybill/retry/LongestWait",
  {
    defaultValue: () => Duration.seconds(30),
  },
)
