/** What is told of a comparison: in the log always, and in Wazuh where somebody should look. Pure. */
import { Duration } from "effect"
import { iso } from "../domain/isoTime.ts"
import type { Feed } from "../sources/Source.ts"
import type { StatusFields, StatusKind } from "../status/statusJson.ts"
import type { LogFields } from "../telemetry/log.ts"
import type { Decision } from "./decide.ts"

export interface Finding {
  /** As the design names it; beside these a feed can be `skipped`. Each is one log event, `sync.…`. */
  readonly outcome: "in-sync" | "rewound" | "no data" | "indexer ahead"
  /** Begins with the outcome as the design names it. */
  readonly text: string
  readonly fields: LogFields
  /** Present where somebody should look. */
  readonly alert?: { readonly kind: StatusKind; readonly fields: StatusFields }
}

type Compared = Pick<Feed, "history" | "retention">

/** Something may be lost, and can still be fetched by who knows of it. */
const ERROR = { kind: "error", fields: {} } as const

const noData = (feed: Compared, missing: number, now: number): Finding => {
  const remedy =
    feed.retention === undefined
      ? "This feed has no past that could be fetched again"
      : "If the index should have it, fetch it again with `waybill backfill` or `waybill reconcile`"
  // What the source has no longer has also left an index that keeps less, and nobody could do anything about it.
  const isFetchable = feed.retention !== undefined && missing >= now - Duration.toMillis(feed.retention)
  return {
    outcome: "no data",
    text: `no data: the index does not have the newest event of the checkpoint, of ${iso(missing)}, and nothing to rewind to; going on from the checkpoint. ${remedy}`,
    fields: { missing: iso(missing) },
    ...(isFetchable ? { alert: ERROR } : {}),
  }
}

const aheadOfNoCheckpoint = (feed: Compared, newest: number, now: number): Finding => {
  const text = `indexer ahead: the index has events up to ${iso(newest)}, and there is no checkpoint; the first run begins as it is set`
  const fields = { newest: iso(newest) }
  const isBetween = feed.history !== undefined && newest < now - Duration.toMillis(feed.history.firstRun)
  return isBetween
    ? {
        outcome: "indexer ahead",
        text: `${text}. If the state was lost, what lies between the two is not fetched: run \`waybill backfill --from ${iso(newest)}\``,
        fields,
        alert: ERROR,
      }
    : { outcome: "indexer ahead", text, fields }
}

/**
 * @param isFirstRun whether the feed has no checkpoint
 * @param now epoch milliseconds
 */
export const findingOf = (feed: Compared, decision: Decision, isFirstRun: boolean, now: number): Finding => {
  switch (decision._tag) {
    case "InSync":
      return {
        outcome: "in-sync",
        text: "in-sync: the index has what the checkpoint knows of",
        fields: {},
      }
    case "Rewound": {
      const [from, to] = [iso(decision.from), iso(decision.to)]
      return {
        outcome: "rewound",
        text: `rewound from ${from} to ${to}: the index has lost what was confirmed last. It is fetched again, and only what is missing is sent`,
        fields: { from, to },
        // A stretch of time has its bounds in order, whichever way the checkpoint went.
        alert: { kind: "gap_found", fields: { gap: "fetched again", from: to, to: from } },
      }
    }
    case "NoData":
      if (decision.missing !== undefined) return noData(feed, decision.missing, now)
      return {
        outcome: "no data",
        text: isFirstRun
          ? "no data: no checkpoint and no event in the index; this is the first run"
          : "no data: neither the checkpoint nor the index knows of an event; going on from the checkpoint",
        fields: {},
      }
    case "IndexerAhead":
      if (isFirstRun) return aheadOfNoCheckpoint(feed, decision.newest, now)
      return {
        outcome: "indexer ahead",
        text: `indexer ahead: the index has events up to ${iso(decision.newest)}, beyond what the checkpoint knows; going on from the checkpoint`,
        fields: { newest: iso(decision.newest) },
      }
  }
}
