/**
 * What happens before the first poll, by `verify.mode`.
 *
 * `always`: the indexer is reached, a canary goes through the whole chain, and then each feed's checkpoint is compared
 * with the index. In this order, because what a killed run had in flight has arrived by then and is not taken for lost.
 * An indexer that can't be reached in time makes every feed `skipped`; the start goes on to the canary, which holds all
 * sending until the indexer has returned it. Since it answers then, the feeds are compared after all: cheaper than
 * finding out a day later, and nothing has been sent meanwhile. They have had their one line of an outcome, so this is
 * told as `sync.late`.
 *
 * `startup-only`: the same if the indexer can be reached; if not, the run begins without.
 *
 * `off`: nothing; the indexer is never asked.
 *
 * Before all of it, in every mode, a feed without a checkpoint takes over the place of the earlier poller.
 */
import { Context, type Duration, Effect, Layer } from "effect"
import type { Checkpoints } from "../checkpoints/Checkpoints.ts"
import type { Indexer } from "../indexer/Indexer.ts"
import type { IndexHistory } from "../indexer/IndexHistory.ts"
import { type Feed, Feeds } from "../sources/Source.ts"
import type { StatusEvents } from "../status/StatusEvents.ts"
import { clearTheWay } from "../verify/Canary.ts"
import { Verifier } from "../verify/Verifier.ts"
import type { Witnesses } from "../verify/Witnesses.ts"
import { type AskOptions, reach } from "./ask.ts"
import { compare, skip } from "./compare.ts"
import { takeOver } from "./earlierPoller.ts"

export interface StartUpOptions extends AskOptions {
  /** Where the state files of the earlier poller may lie: `state.path`. */
  readonly stateFolder: string
  readonly canary: { readonly resendAfter: () => Duration.Duration }
}

export class StartUp extends Context.Service<
  StartUp,
  {
    /** Ends when the feeds may be polled. Needs `Verifier.watch` running beside it. */
    readonly run: Effect.Effect<void>
  }
>()("waybill/sync/StartUp") {}

type Needs =
  | Effect.Services<ReturnType<typeof clearTheWay>>
  | Effect.Services<ReturnType<typeof takeOver>>
  | Checkpoints
  | Indexer
  | IndexHistory
  | StatusEvents

const compareAll = (feeds: ReadonlyArray<Feed>, options: AskOptions, late: boolean) =>
  Effect.forEach(feeds, (feed) => compare(feed, options, late), { discard: true })

const skipAll = (feeds: ReadonlyArray<Feed>, problem: string) =>
  Effect.forEach(feeds, (feed) => skip(feed, "indexer unreachable", problem), { discard: true })

/** Whether the indexer could be reached; where not, every feed has been told as skipped. */
const reachOrSkip = (feeds: ReadonlyArray<Feed>, options: AskOptions) =>
  reach(options).pipe(
    Effect.as(true),
    Effect.catchTag("IndexerError", ({ message }) => Effect.as(skipAll(feeds, message), false)),
  )

const service = <R>(
  options: StartUpOptions,
  sync: (feeds: ReadonlyArray<Feed>) => Effect.Effect<void, never, R>,
) =>
  Layer.effect(
    StartUp,
    Effect.gen(function* () {
      const feeds = yield* Feeds
      const context = yield* Effect.context<R | Effect.Services<ReturnType<typeof takeOver>>>()
      const run = takeOver(feeds, options.stateFolder).pipe(Effect.andThen(sync(feeds)))
      return StartUp.of({ run: Effect.provide(run, context) })
    }),
  )

export const layerAlways = (options: StartUpOptions) =>
  service<Needs>(options, (feeds) =>
    Effect.gen(function* () {
      const reached = yield* reachOrSkip(feeds, options)
      yield* clearTheWay(options.canary)
      yield* compareAll(feeds, options, !reached)
    }),
  )

/** @param searching a verifier for the canary alone: the one of the run confirms nothing */
export const layerStartupOnly = (
  options: StartUpOptions,
  searching: Layer.Layer<Verifier | Witnesses, never, Indexer>,
) =>
  service<Needs>(options, (feeds) =>
    Effect.gen(function* () {
      if (!(yield* reachOrSkip(feeds, options))) return
      yield* Effect.gen(function* () {
        const verifier = yield* Verifier
        yield* Effect.raceFirst(verifier.watch, clearTheWay(options.canary))
      }).pipe(Effect.provide(searching))
      yield* compareAll(feeds, options, false)
    }),
  )

export const layerOff = (options: StartUpOptions) => service<never>(options, () => Effect.void)
