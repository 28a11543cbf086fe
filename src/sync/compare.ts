/**
 * The start-up sync of one feed: its checkpoint against the index. Ends in one of five outcomes, each one log line.
 */
import { Clock, Effect, Option } from "effect"
import { type CheckpointError, Checkpoints } from "../checkpoints/Checkpoints.ts"
import type { Feed } from "../sources/Source.ts"
import { StatusEvents } from "../status/StatusEvents.ts"
import * as Log from "../telemetry/log.ts"
import { type AskOptions, inIndex } from "./ask.ts"
import { commitHolding } from "./commitHolding.ts"
import { type Decision, decide } from "./decide.ts"
import { type SyncOutcome, SyncStatus } from "./SyncStatus.ts"

const iso = (millis: number): string => new Date(millis).toISOString()

interface Told {
  readonly outcome: SyncOutcome
  /** Begins with the outcome as the design names it. */
  readonly text: string
  readonly fields: Log.LogFields
}

const toldOf = (decision: Decision, firstRun: boolean): Told => {
  switch (decision._tag) {
    case "InSync":
      return {
        outcome: "in-sync",
        text: "in-sync: the index has the newest event that the checkpoint knows",
        fields: {},
      }
    case "Rewound": {
      const [from, to] = [iso(decision.from), iso(decision.to)]
      return {
        outcome: "rewound",
        text: `rewound from ${from} to ${to}: the index has lost what was confirmed last. It is fetched again, and only what is missing is sent`,
        fields: { from, to },
      }
    }
    case "NoData": {
      const { missing } = decision
      const text = firstRun
        ? "no data: no checkpoint and no event in the index; this is the first run"
        : missing === undefined
          ? "no data: neither the checkpoint nor the index knows of an event; going on from the checkpoint"
          : `no data: the index no longer has the newest event of the checkpoint, of ${iso(missing)}, and nothing to rewind to; ` +
            "going on from the checkpoint. If the index should have it, fetch it again with `waybill backfill` or `waybill reconcile`"
      return {
        outcome: "no data",
        text,
        fields: { missing: missing === undefined ? undefined : iso(missing) },
      }
    }
    case "IndexerAhead": {
      const newest = iso(decision.newest)
      const text = firstRun
        ? `indexer ahead: the index has events up to ${newest}, and there is no checkpoint; the first run begins as it is set`
        : `indexer ahead: the index has events up to ${newest}, beyond what the checkpoint knows; going on from the checkpoint`
      return { outcome: "indexer ahead", text, fields: { newest } }
    }
  }
}

const log = (feed: Feed, decision: Decision, told: Told, late: boolean): Effect.Effect<void> => {
  const message = `${feed.name}: ${told.text}`
  const fields = { feed: feed.name, ...told.fields }
  // After `skipped`, which was this feed's one line of an outcome.
  if (late) return Log.warning("sync.late", message, { ...fields, outcome: told.outcome })
  switch (decision._tag) {
    case "InSync":
      return Log.info("sync.in_sync", message, fields)
    case "Rewound":
      return Log.warning("sync.rewound", message, fields)
    case "NoData": {
      const say = decision.missing === undefined ? Log.info : Log.warning
      return say("sync.no_data", message, fields)
    }
    case "IndexerAhead":
      return Log.info("sync.indexer_ahead", message, fields)
  }
}

/** `skipped`: why the feed's checkpoint was not compared. */
export const skip = Effect.fnUntraced(function* (feed: Feed, cause: string, problem: string) {
  yield* Log.warning(
    "sync.skipped",
    `${feed.name}: skipped (${cause}): ${problem} The checkpoint is used as it is.`,
    { feed: feed.name, cause },
  )
  yield* (yield* SyncStatus).record(feed.name, "skipped")
  yield* (yield* StatusEvents).emit(
    "error",
    `${feed.name} was not compared with the index at the start: ${problem}`,
    { feed: feed.name },
  )
})

const alert = Effect.fnUntraced(function* (feed: Feed, decision: Decision, { text }: Told) {
  const events = yield* StatusEvents
  if (decision._tag === "Rewound") {
    yield* events.emit("gap_found", `${feed.name}: ${text}.`, {
      feed: feed.name,
      gap: "fetched again",
      from: iso(decision.to),
      to: iso(decision.from),
    })
  } else if (decision._tag === "NoData" && decision.missing !== undefined) {
    yield* events.emit("error", `${feed.name}: ${text}.`, { feed: feed.name })
  }
})

/**
 * Compares, rewinds where the index has lost the end of what was confirmed, and says so.
 *
 * @param late whether the feed has been told as skipped already
 */
export const compare = Effect.fnUntraced(
  function* (feed: Feed, options: AskOptions, late: boolean) {
    const loaded = yield* (yield* Checkpoints).load(feed.name)
    const checkpoint = Option.getOrUndefined(loaded)
    const decision = decide(checkpoint, yield* inIndex(feed, checkpoint, options))
    if (decision._tag === "Rewound") {
      const committed_at = iso(yield* Clock.currentTimeMillis)
      yield* commitHolding({ ...decision.checkpoint, committed_at })
    }
    const told = toldOf(decision, checkpoint === undefined)
    yield* log(feed, decision, told, late)
    yield* (yield* SyncStatus).record(feed.name, told.outcome)
    yield* alert(feed, decision, told)
  },
  (effect, feed, _options, late) =>
    Effect.catchTags(effect, {
      IndexerError: ({ message }) => (late ? Effect.void : skip(feed, "indexer unreachable", message)),
      CheckpointError: ({ message }: CheckpointError) =>
        late ? Effect.void : skip(feed, "checkpoint unreadable", message),
    }),
)
