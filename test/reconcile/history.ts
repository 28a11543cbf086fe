/** A chain in memory whose feed has a history, and a progress that lives in memory. */
import { Duration, Effect, Option, Predicate, Stream } from "effect"
import type { FeedWithHistory } from "../../src/reconcile/comparing.ts"
import type { Progress, ProgressFile } from "../../src/reconcile/Progress.ts"
import { checkpointAt } from "../contracts/Checkpoints.ts"
import { type Chain, FEED } from "../pipeline/chain.ts"

const tsOf = (payload: unknown): number =>
  Predicate.hasProperty(payload, "ts") && typeof payload.ts === "number" ? payload.ts : Number.NaN

/** Whole seconds, as sources have it: a page ends up to the second of its last record. */
export const withHistory = (chain: Chain): FeedWithHistory => ({
  ...chain.feed,
  history: {
    firstRun: Duration.minutes(1),
    between: (from, to) =>
      chain.feed
        .poll(Option.some({ ...checkpointAt(FEED, 0), position: { kind: "time", up_to: from } }))
        .pipe(
          Stream.map((page) => ({
            ...page,
            envelopes: page.envelopes.filter(({ payload }) => tsOf(payload) < to),
          })),
          Stream.map((page) => ({
            ...page,
            fetched: page.envelopes.length,
            maybeSent: true,
            position: Option.map(page.position, (position) =>
              position.kind === "time"
                ? { ...position, up_to: Math.min(to, Math.floor(position.up_to / 1000) * 1000) }
                : position,
            ),
          })),
        ),
  },
})

export interface Kept extends ProgressFile {
  readonly kept: () => Progress | undefined
  readonly saves: () => number
}

export const progressInMemory = (): Kept => {
  let kept: Progress | undefined
  let saves = 0
  return {
    kept: () => kept,
    saves: () => saves,
    load: Effect.sync(() => Option.fromUndefinedOr(kept)),
    save: (progress) =>
      Effect.sync(() => {
        kept = progress
        saves += 1
      }),
    remove: Effect.sync(() => {
      kept = undefined
    }),
  }
}
