/**
 * What `waybill run` does, from the start-up sync to the end of the drain. The order at the start is that of
 * `sync/StartUp.ts`.
 */
import { Duration, Effect, Fiber } from "effect"
import { Configuration } from "../config/Configuration.ts"
import { LiveConfiguration } from "../config/LiveConfiguration.ts"
import { limitOf, warnings } from "../config/warnings.ts"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import { throughDefects } from "../pipeline/defects.ts"
import { runFeed } from "../pipeline/FeedRunner.ts"
import { Run } from "../pipeline/Run.ts"
import { Stop } from "../pipeline/Stop.ts"
import { makeScheduled } from "../reconcile/scheduled.ts"
import { Replay } from "../replay/Replay.ts"
import { Feeds } from "../sources/Source.ts"
import { RunStatus } from "../status/RunStatus.ts"
import { tellStatus } from "../status/watch.ts"
import { StartUp } from "../sync/StartUp.ts"
import * as Log from "../telemetry/log.ts"
import { canaries, clearTheWay } from "../verify/Canary.ts"
import { Verifier } from "../verify/Verifier.ts"
import { Writer } from "../writers/Writer.ts"
import { givingMemoryBack } from "./nativeMemory.ts"
import { VERSION } from "./version.ts"

const announce = Effect.gen(function* () {
  const config = yield* Configuration
  const feeds = yield* Feeds
  yield* Effect.forEach(
    warnings(config),
    ({ key, message }) => Log.warning("config.insecure", message, { key }),
    {
      discard: true,
    },
  )
  const { mode } = config.verify
  const limit = limitOf(config)
  if (limit !== undefined) yield* Log.warning("verify.limited", limit, { mode })
  yield* Log.info("run.started", `Waybill ${VERSION} is running`, {
    version: VERSION,
    run: (yield* Run).id,
    feeds: feeds.map((feed) => feed.name),
    writer: (yield* Writer).kind,
    verify: mode,
    indexer: mode === "off" ? undefined : new URL(config.indexer.url).host,
  })
})

const feedAll = Effect.gen(function* () {
  const stop = yield* Stop
  const start = Effect.all([(yield* StartUp).run, (yield* DeadLetters).ready], {
    concurrency: "unbounded",
    discard: true,
  })
  yield* Effect.raceFirst(start, stop.requested)
  yield* (yield* RunStatus).pollingBegan
  const { reconcile, state, verify } = yield* Configuration
  const { current } = yield* LiveConfiguration
  // Without searches while it runs, nothing could be compared.
  const lookBack =
    reconcile.enabled && verify.mode === "always"
      ? yield* makeScheduled(() => ({
          ...current().reconcile,
          clockSkew: verify.clock_skew,
          state: state.path,
        }))
      : () => Effect.void
  const afterDefect = { clearTheWay: clearTheWay({ resendAfter: () => current().canary.resend_after }) }
  const polling = Effect.forEach(yield* Feeds, (feed) => runFeed(feed, lookBack(feed), afterDefect), {
    concurrency: "unbounded",
    discard: true,
  })
  yield* Effect.all([polling, (yield* Replay).serve], { concurrency: "unbounded", discard: true })
})

/**
 * Ends only on a stop; the verifier looks as long as there may be something to confirm.
 *
 * A defect beside the feeds is got over where what it leaves can't be wrong: a status event, a canary, a look at memory.
 * One in the verifier's own loop ends the run. What it knows of losses is in its memory and in no other place, and a
 * proof out of a torn one could send events twice; the next start proves everything anew.
 */
const work = Effect.gen(function* () {
  const verifier = yield* Verifier
  const { current } = yield* LiveConfiguration
  yield* announce
  const telling = tellStatus({ version: VERSION, heartbeat: () => current().status.heartbeat })
  const beside = Effect.raceAllFirst([
    verifier.watch,
    throughDefects("canaries", canaries({ interval: () => current().canary.interval })),
    throughDefects("status events", telling),
    throughDefects("memory", givingMemoryBack),
  ])
  yield* Effect.raceFirst(beside, feedAll)
})

const drain = Effect.fnUntraced(function* (working: Fiber.Fiber<void>) {
  const stop = yield* Stop
  const verifier = yield* Verifier
  const { shutdown, verify } = (yield* LiveConfiguration).current()
  const { events } = yield* verifier.status
  yield* Log.info("run.draining", "Stopping: no more is fetched, what is on its way is waited for", {
    unconfirmed: events,
    at_most: Duration.format(shutdown.drain_timeout),
  })
  yield* stop.request
  const ended = yield* Fiber.await(working).pipe(Effect.timeoutOption(shutdown.drain_timeout))
  const settled = verify.mode === "always" ? "confirmed" : "written; that it arrived is not proven"
  if (ended._tag === "Some") yield* Log.info("run.stopped", `Stopped; everything sent is ${settled}`)
  else
    yield* Log.warning(
      "run.drain_incomplete",
      "Stopped before everything was confirmed. Nothing is lost: the next start looks for it before it sends.",
      { unconfirmed: (yield* verifier.status).events },
    )
})

/** Runs until it is interrupted, and then drains. A defect of the verifier, or at the start, ends it with that defect. */
export const application = Effect.gen(function* () {
  const working = yield* Effect.forkScoped(work)
  // Finalizers run last first: the drain comes before the fork is interrupted.
  yield* Effect.addFinalizer(() => drain(working))
  yield* Fiber.join(working)
}).pipe(Effect.scoped)
