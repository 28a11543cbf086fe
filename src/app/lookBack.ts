/** Puts together what a look back over a window needs, and does it for every feed that is meant. */
import { Clock, Data, Duration, Effect, FileSystem, Option, Runtime } from "effect"
import { CliError } from "effect/cli"
import { Checkpoints } from "../checkpoints/Checkpoints.ts"
import * as FileCheckpoints from "../checkpoints/FileCheckpoints.ts"
import { Configuration } from "../config/Configuration.ts"
import { iso } from "../domain/isoTime.ts"
import { type FeedWithHistory, hasHistory, type TimeWindow } from "../reconcile/comparing.ts"
import { progressFile } from "../reconcile/Progress.ts"
import { compareOnly, type Outcome, type ReconcileOptions, reconcile } from "../reconcile/Reconcile.ts"
import type { FeedReport, Report } from "../reconcile/report.ts"
import { boundWindow, wholeSeconds } from "../reconcile/times.ts"
import { type Feed, Feeds } from "../sources/Source.ts"
import { canSearch } from "./canSearch.ts"
import { deliverAlone } from "./deliverAlone.ts"
import * as Layers from "./layers.ts"

export interface LookBackOptions {
  readonly command: Report["command"]
  /** A feed's name, or the last part of it; all that have a history when absent. */
  readonly feed: string | undefined
  /** Epoch milliseconds. */
  readonly from: number
  /** Now when absent; where nothing is sent, the checkpoint if it is recent. */
  readonly to: number | undefined
  /** How many of the missing are named. */
  readonly named: number
  /** Called before each feed; what it answers is told how far the feed is, and then that it has ended. */
  readonly show: (feed: string, window: TimeWindow) => Effect.Effect<Shown>
}

export interface Shown {
  /** Epoch milliseconds. */
  readonly update: (upTo: number) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
}

/** What was asked for does not fit the feeds or the time. */
export class LookBackImpossible extends Data.TaggedError("LookBackImpossible")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

const chosenFeeds = Effect.fnUntraced(function* (wanted: string | undefined) {
  const feeds = yield* Feeds
  const able = feeds.filter(hasHistory)
  const names = able.map(({ name }) => name).join(", ")
  const isWanted = ({ name }: Feed) => name === wanted || name.endsWith(`/${wanted}`)
  if (wanted === undefined) {
    if (able.length > 0) return able
    return yield* new LookBackImpossible({
      message: "No enabled feed has a history. Enable alarms or flows under source.firewalla.feeds.",
    })
  }
  const chosen = able.filter(isWanted)
  if (chosen.length > 0) return chosen
  return yield* new LookBackImpossible({
    message: feeds.some(isWanted)
      ? `--feed: ${wanted} is an inventory and has no history to compare. Those that have: ${names || "none"}.`
      : `--feed: there is no enabled feed ${wanted}. Those that can be compared: ${names || "none"}.`,
  })
})

const windowOf = Effect.fnUntraced(function* (feed: FeedWithHistory, from: number, to: number) {
  const now = yield* Clock.currentTimeMillis
  const window = boundWindow({ from, to }, now, feed.retention && Duration.toMillis(feed.retention))
  if (window.from < window.to) return window
  return yield* new LookBackImpossible({
    message:
      window.tooOld === undefined
        ? `${feed.name}: there is nothing between --from ${iso(from)} and --to ${iso(to)} that could be compared. --from must lie before --to, and before now.`
        : `${feed.name}: all of ${iso(from)} to ${iso(to)} is older than the source keeps records: it has none before ${iso(window.from)}. If the portal keeps them longer, raise source.firewalla.retention.`,
  })
})

interface Planned extends Pick<FeedReport, "tooOld"> {
  readonly feed: FeedWithHistory
  readonly window: TimeWindow
}

/** Which feeds and windows it will be, or what is wrong with what was asked for. */
const plan = Effect.fnUntraced(function* <E, R>(
  options: LookBackOptions,
  endOf: (feed: FeedWithHistory) => Effect.Effect<number, E, R>,
) {
  yield* canSearch
  return yield* Effect.forEach(
    yield* chosenFeeds(options.feed),
    Effect.fnUntraced(function* (feed) {
      const { tooOld, ...window } = yield* windowOf(feed, options.from, yield* endOf(feed))
      return { feed, tooOld, window } satisfies Planned
    }),
  )
})

/** One feed after the other. */
const carryOut = <E, R>(
  planned: ReadonlyArray<Planned>,
  options: LookBackOptions,
  work: (options: ReconcileOptions) => Effect.Effect<Outcome, E, R>,
) =>
  Effect.forEach(
    planned,
    Effect.fnUntraced(function* ({ feed, tooOld, window }) {
      const shown = yield* options.show(feed.name, window)
      const outcome = yield* work({ feed, window, named: options.named, onProgress: shown.update }).pipe(
        Effect.ensuring(shown.end),
      )
      return { outcome, tooOld } satisfies FeedReport
    }),
  )

/** A checkpoint that is older than so many intervals of its feed is not just waiting for the next poll. */
const BEHIND = 3

/**
 * The feed's checkpoint, since beside a running Waybill what lies after it is only not fetched yet. Now, where there
 * is none or it is behind: then nobody fetches, and what is not fetched is missing. Touches nothing.
 */
const promisedUpTo = Effect.fnUntraced(function* (feed: Feed, state: string, now: number) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(state).pipe(Effect.orElseSucceed(() => false)))) return now
  const checkpoint = yield* Effect.flatMap(Checkpoints, (checkpoints) => checkpoints.load(feed.name)).pipe(
    Effect.provide(FileCheckpoints.layer(state)),
    Effect.orElseSucceed(() => Option.none()),
  )
  const position = Option.getOrUndefined(checkpoint)?.position
  if (position?.kind !== "time" || position.up_to > now) return now
  return now - position.up_to > BEHIND * Duration.toMillis(feed.interval()) ? now : position.up_to
})

/** Says what is missing. Sends nothing, keeps nothing, and needs neither the manager nor the lock. */
export const lookOnly = Effect.fnUntraced(function* (options: LookBackOptions) {
  const { state, verify } = yield* Configuration
  const now = yield* Clock.currentTimeMillis
  const clockSkew = Duration.toMillis(verify.clock_skew)
  const feeds = yield* plan(options, (feed) =>
    options.to === undefined ? promisedUpTo(feed, state.path, now) : Effect.succeed(options.to),
  ).pipe(
    Effect.flatMap((planned) => carryOut(planned, options, (engine) => compareOnly(engine, clockSkew))),
    Effect.provide(Layers.lookingLayer),
  )
  const report: Report = { command: options.command, dryRun: true, feeds }
  return report
})

const ADVICE =
  "Stop it first, or wait until it has ended; a running `waybill run` does this by itself (reconcile.interval). " +
  "With --dry-run this works beside it."

/** Delivers what is missing. Interrupted, it waits for what is on its way, as `waybill run` does. */
export const deliver = Effect.fnUntraced(function* (options: LookBackOptions) {
  const { state } = yield* Configuration
  const feeds = yield* Effect.gen(function* () {
    const to = options.to ?? (yield* Clock.currentTimeMillis)
    const asked = wholeSeconds({ from: options.from, to })
    const planned = yield* plan(options, () => Effect.succeed(to))
    return yield* deliverAlone(
      carryOut(
        planned,
        options,
        Effect.fnUntraced(function* (engine) {
          const progress = yield* progressFile(state.path, engine.feed.name, asked)
          return yield* reconcile(engine, progress)
        }),
      ),
    )
  }).pipe(Effect.provide(Layers.deliveringLayer(`waybill ${options.command}`, ADVICE)))
  const report: Report = { command: options.command, dryRun: false, feeds }
  return report
})
