/**
 * The start-up sync of one feed: its checkpoint against the index. Ends in one of five outcomes, each one log line.
 */
import { Clock, Effect, Option } from "effect"
import { type CheckpointError, Checkpoints } from "../checkpoints/Checkpoints.ts"
import { commitHolding } from "../checkpoints/commitHolding.ts"
import type { Feed } from "../sources/Source.ts"
import { StatusEvents } from "../status/StatusEvents.ts"
import * as Log from "../telemetry/log.ts"
import { type AskOptions, inIndex } from "./ask.ts"
import { decide } from "./decide.ts"
import { type Finding, findingOf } from "./finding.ts"

const log = (feed: Feed, { alert, fields: found, outcome, text }: Finding, late: boolean) => {
  const message = `${feed.name}: ${text}`
  const fields = { feed: feed.name, ...found }
  // After `skipped`, which was this feed's one line of an outcome.
  if (late) return Log.warning("sync.late", message, { ...fields, outcome })
  const say = alert === undefined ? Log.info : Log.warning
  switch (outcome) {
    case "in-sync":
      return Log.info("sync.in_sync", message, fields)
    case "rewound":
      return Log.warning("sync.rewound", message, fields)
    case "no data":
      return say("sync.no_data", message, fields)
    case "indexer ahead":
      return say("sync.indexer_ahead", message, fields)
  }
}

/** `skipped`: why the feed's checkpoint was not compared. */
export const skip = Effect.fnUntraced(function* (feed: Feed, cause: string, problem: string) {
  yield* Log.warning(
    "sync.skipped",
    `${feed.name}: skipped (${cause}): ${problem} The checkpoint is used as it is.`,
    { feed: feed.name, cause },
  )
  yield* (yield* StatusEvents).emit(
    "error",
    `${feed.name} was not compared with the index at the start: ${problem}`,
    { feed: feed.name },
  )
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
    const now = yield* Clock.currentTimeMillis
    if (decision._tag === "Rewound")
      yield* commitHolding({ ...decision.checkpoint, committed_at: new Date(now).toISOString() })

    const finding = findingOf(feed, decision, checkpoint === undefined, now)
    yield* log(feed, finding, late)
    const { alert, text } = finding
    if (alert !== undefined)
      yield* (yield* StatusEvents).emit(alert.kind, `${feed.name}: ${text}.`, {
        feed: feed.name,
        ...alert.fields,
      })
  },
  (effect, feed, _options, late) =>
    Effect.catchTags(effect, {
      IndexerError: ({ message }) => (late ? Effect.void : skip(feed, "indexer unreachable", message)),
      CheckpointError: ({ message }: CheckpointError) =>
        late ? Effect.void : skip(feed, "checkpoint unreadable", message),
    }),
)
