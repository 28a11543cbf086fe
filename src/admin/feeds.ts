/** `GET /api/v1/feeds` and `GET /api/v1/lag`. */
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Checkpoints } from "../checkpoints/Checkpoints.ts"
import type { Position } from "../domain/Checkpoint.ts"
import { iso } from "../domain/isoTime.ts"
import { Feeds } from "../sources/Source.ts"
import { SAMPLE_MILLIS } from "../status/LagHistory.ts"
import { type FeedStatus, RunStatus, untold } from "../status/RunStatus.ts"
import { Verifier, type VerifierStatus } from "../verify/Verifier.ts"
import { Pacing } from "../writers/Pacing.ts"
import { AdminApi } from "./api.ts"
import { isStalled } from "./readiness.ts"
import type { CheckpointPlace, Feed } from "./shapes.ts"

export const placeOf = (position: Position): CheckpointPlace => {
  switch (position.kind) {
    case "time":
      return { kind: "time", up_to: iso(position.up_to) }
    case "inventory":
      return { kind: "inventory", generation: position.generation, devices: position.devices.length }
    case "sequence":
      return position
  }
}

const timeOr = (millis: number | undefined): string | null => (millis === undefined ? null : iso(millis))

/** A feed as the API shows it. Pure. */
export const shown = (status: FeedStatus, verifier: Pick<VerifierStatus, "stalled">): Feed => {
  const { checkpoint, counts, failure, feed, lagMillis, nextPollAt, pollBeganAt, pollEndedAt } = status
  return {
    feed,
    checkpoint: checkpoint === undefined ? null : placeOf(checkpoint.position),
    committed_at: checkpoint?.committed_at ?? null,
    counts,
    lag_ms: lagMillis ?? null,
    stalled: isStalled(counts, verifier),
    last_poll:
      pollBeganAt === undefined
        ? null
        : {
            began_at: iso(pollBeganAt),
            // The time of an earlier poll's end is older than this one's beginning.
            ended_at: pollEndedAt === undefined || nextPollAt === undefined ? null : iso(pollEndedAt),
          },
    next_poll: timeOr(nextPollAt),
    last_error: failure ?? null,
  }
}

export const layer = HttpApiBuilder.group(AdminApi, "feeds", (handlers) =>
  Effect.gen(function* () {
    const names = (yield* Feeds).map(({ name }) => name)
    const checkpoints = yield* Checkpoints
    const status = yield* RunStatus
    const verifier = yield* Verifier
    // Only a writer that can be paced has it.
    const pacing = Option.getOrUndefined(yield* Effect.serviceOption(Pacing))
    /** Before its first poll a feed has told nothing, and may have a checkpoint of an earlier run. */
    const withCheckpoint = (told: FeedStatus) =>
      told.checkpoint !== undefined
        ? Effect.succeed(told)
        : checkpoints.load(told.feed).pipe(
            Effect.map((found) => ({ ...told, checkpoint: Option.getOrUndefined(found) })),
            // One that can't be read is told of in the log, by the feed that holds because of it.
            Effect.orElseSucceed(() => told),
          )
    return handlers.handleAll({
      list: Effect.fnUntraced(function* () {
        const { feeds } = yield* status.snapshot
        const told = yield* Effect.forEach(names, (name) => withCheckpoint(feeds.get(name) ?? untold(name)))
        const verifying = yield* verifier.status
        return {
          feeds: told.map((feed) => shown(feed, verifying)),
          manager: { queue_usage: (pacing && (yield* pacing.queueUsage)) ?? null },
        }
      }),
      lag: Effect.fnUntraced(function* () {
        const lags = yield* status.lags
        return {
          sample_seconds: SAMPLE_MILLIS / 1000,
          feeds: names.map((feed) => ({
            feed,
            samples: (lags.get(feed) ?? []).map(({ at, lagMillis }) => ({ at: iso(at), lag_ms: lagMillis })),
          })),
        }
      }),
    })
  }),
)
