/** The keys under `receipts`. */
import { duration, flag, integer, optional, section, withDefault } from "./settings.ts"
import { path } from "./texts.ts"

export const receipts = section(
  "What was written in which batch, and when it was confirmed: what `waybill receipts` and `waybill trace` look into. Nothing else needs it, so its loss harms nothing.",
  {
    enabled: withDefault(flag, true, "Whether receipts are kept."),
    path: optional(
      path,
      "/var/lib/waybill/receipts",
      "The folder of their file, `receipts.db`; that of `state.path` when absent.",
    ),
    keep: withDefault(duration, "30 days", "A receipt that is older is removed."),
    max_bytes: withDefault(
      integer(1_000_000, 1_000_000_000_000),
      300_000_000,
      "About how large their file may become; at that size the oldest receipts are removed. An event takes some 90 bytes.",
    ),
  },
)
