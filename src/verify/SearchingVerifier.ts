/**
 * The verifier that runs beside the pipeline: one loop looks for everything that is outstanding.
 *
 * Counting the documents of each batch tells how far the index has come, and what is worth asking for. A count never
 * confirms: one event that is there twice would hide one that is not there at all. So the events of a batch are then
 * returned one by one, by its name; and by their own names where some have been overtaken. What is still missing is
 * put to the proof of `loss.ts`.
 */
import { Clock, Context, Deferred, Duration, Effect, Latch, Layer, Semaphore } from "effect"
import { monotonicMillis } from "../domain/monotonicTime.ts"
import { Indexer } from "../indexer/Indexer.ts"
import * as Log from "../telemetry/log.ts"
import { set } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import { type Arrived, makeAsking } from "./asking.ts"
import { makeIndexerHealth } from "./IndexerHealth.ts"
import { type Lag, lateAfter, lookInterval, noLag, observeLag, proofGrace, resendAfter } from "./lag.ts"
import { warnIfLate } from "./lateWarning.ts"
import { makeLookUp } from "./lookUp.ts"
import { Outstanding, type Waiting } from "./Outstanding.ts"
import { Proof } from "./Proof.ts"
import { canariesWanted, volleyFor } from "./progress.ts"
import { makeProving, type Proven } from "./proving.ts"
import { Stall } from "./Stall.ts"
import { makeStallReport } from "./stallReport.ts"
import { type Sought, type Verdict, Verifier, type VerifierStatus, type Written } from "./Verifier.ts"
import { Witnesses } from "./Witnesses.ts"

export interface VerifierOptions {
  /** Bounds of the interval between two looks; the lag decides in between. */
  readonly minInterval: Duration.Duration
  readonly maxInterval: Duration.Duration
  /** A write that is not confirmed for this long is warned about, and again after each further such time. */
  readonly warnAfter: Duration.Duration
  /** How far the clocks of Waybill, the manager and the source may be apart. */
  readonly clockSkew: Duration.Duration
  readonly maxIdsPerSearch: number
  /** How far the order of events may be off, in time; 3 seconds when absent. A high lag raises it. */
  readonly grace?: Duration.Duration
  /** How long nothing may arrive while something is out; 2 minutes when absent. A high lag raises it. */
  readonly stalledAfter?: Duration.Duration
  /** After how long canaries that have not arrived are followed by others; 30 seconds when absent. */
  readonly resendAfter?: Duration.Duration
  /** Canaries written at once where a proof needs later events; 24 when absent, more for more than 3 shards. */
  readonly volley?: number
}

const LONG_GRACE = Duration.minutes(10)
const LOSING_FOR = Duration.toMillis(Duration.minutes(10))
const SIGHT_EVERY = Duration.toMillis(Duration.minutes(1))
/** Volleys that are looked for at a time; older ones are given up. */
const MOST_VOLLEYS = 50
/** Between two looks at whether the writer holds, while nothing is out. */
const IDLE = Duration.seconds(5)
const WANTED_EVERY = Duration.millis(100)

const inMillis = (options: VerifierOptions) => ({
  warnAfter: Duration.toMillis(options.warnAfter),
  bounds: { min: Duration.toMillis(options.minInterval), max: Duration.toMillis(options.maxInterval) },
  grace: Duration.toMillis(options.grace ?? Duration.seconds(3)),
  stalledAfter: Duration.toMillis(options.stalledAfter ?? Duration.minutes(2)),
  resend: Duration.toMillis(options.resendAfter ?? Duration.seconds(30)),
  leastVolley: options.volley ?? 24,
})

const make = Effect.fnUntraced(function* (current: () => VerifierOptions) {
  const { clockSkew, maxIdsPerSearch } = current()
  /** As they are now: they may change while it runs. */
  const settings = () => inMillis(current())
  const indexer = yield* Indexer
  const outstanding = new Outstanding()
  const proof = new Proof(Duration.toMillis(LONG_GRACE))
  const stall = new Stall()
  const verdicts = new Map<Waiting, Deferred.Deferred<Verdict>>()
  const somethingToDo = yield* Latch.make(false)
  const skew = Duration.toMillis(clockSkew)
  const health = yield* makeIndexerHealth(() => settings().warnAfter)
  const stalls = makeStallReport(stall, health.isFailing, () => settings().stalledAfter)
  const proving = yield* makeProving(proof, skew)
  const turn = yield* Semaphore.make(1)
  const counts = { lost: 0, duplicated: 0 }
  let lastLossAt = Number.NEGATIVE_INFINITY
  let lastVolleyAt = Number.NEGATIVE_INFINITY
  let sightedAt = Number.NEGATIVE_INFINITY
  let newest: Arrived | undefined
  let lag: Lag = noLag

  /** Registers a write in one step, so that no look can settle it before somebody waits for its verdict. */
  const add = Effect.fnUntraced(function* (
    written: Written,
    kind: Waiting["kind"],
    verdict?: Deferred.Deferred<Verdict>,
  ) {
    const now = yield* monotonicMillis
    const one = outstanding.add(written, kind)
    proof.add(one, now)
    if (verdict !== undefined) verdicts.set(one, verdict)
    yield* somethingToDo.open
    return one
  })
  const remove = (one: Waiting) => {
    outstanding.remove(one)
    proof.remove(one)
    verdicts.delete(one)
  }
  const answer = (one: Waiting, verdict: Verdict) =>
    Effect.suspend(() => {
      const waiting = verdicts.get(one)
      remove(one)
      return waiting === undefined ? Effect.void : Effect.asVoid(Deferred.succeed(waiting, verdict))
    })
  const waitFor = Effect.fnUntraced(function* (written: Written, kind: Waiting["kind"]) {
    const verdict = yield* Deferred.make<Verdict>()
    return yield* Effect.acquireUseRelease(
      add(written, kind, verdict),
      () => Deferred.await(verdict),
      (one) => Effect.sync(() => remove(one)),
    )
  })

  const confirmed = Effect.fnUntraced(function* (one: Waiting, now: number, index: string | undefined) {
    // What was out in a stall tells how long that was, and not how slow the chain is.
    if (!one.stalled) lag = observeLag(lag, now - one.written.writtenAt)
    stall.settled(one, 0)
    const { feed, batch } = one.written
    if (one.kind === "canary") {
      yield* set(METRICS.canaryLag, {}, (now - one.written.writtenAt) / 1000)
      yield* Log.debug("canary.arrived", "A canary is searchable", { feed, lag_ms: lag.last })
    }
    if (one.kind === "events" && one.duplicated > 0) {
      counts.duplicated += one.duplicated
      yield* Log.warning("index.duplicates", `${one.duplicated} events are in the index more than once`, {
        feed,
        batch,
        duplicated: one.duplicated,
      })
    }
    yield* answer(one, { _tag: "Confirmed", confirmedAt: now, duplicated: one.duplicated, index })
  })

  const lost = Effect.fnUntraced(function* ([one, evidence]: Proven) {
    if (one.kind === "events") {
      lastLossAt = yield* monotonicMillis
      counts.lost += one.missing.size
      counts.duplicated += one.duplicated
    }
    stall.settled(one, one.missing.size)
    yield* answer(one, {
      _tag: "Lost",
      missing: [...one.missing],
      evidence: { ...evidence, graceMillis: proofGrace(lag, settings().grace) },
      duplicated: one.duplicated,
    })
  })

  const askAll = yield* makeAsking({
    outstanding,
    proof,
    stall,
    health,
    skew,
    maxIdsPerSearch: maxIdsPerSearch,
    onWhole: confirmed,
  })

  /** So that an index is known before it is needed for a proof. */
  const sight = Effect.gen(function* () {
    const now = yield* monotonicMillis
    if (newest === undefined || now - sightedAt < SIGHT_EVERY) return
    const [one, ids] = newest
    newest = undefined
    sightedAt = now
    yield* proving.sight(ids.slice(-1), one.written.startedAt)
  })

  const search = Effect.gen(function* () {
    newest = (yield* askAll) ?? newest
    const now = yield* Clock.currentTimeMillis
    const spent = proof.advance(outstanding, now, yield* monotonicMillis, proofGrace(lag, settings().grace))
    for (const canary of spent) remove(canary)
    yield* Effect.forEach(yield* proving.prove, lost, { discard: true })
    yield* sight
  })

  const watchStalls = Effect.suspend(() => stalls.watch([...outstanding.all], lag, outstanding.events))

  const look = Effect.gen(function* () {
    const isSomethingOut = yield* Effect.raceFirst(
      Effect.as(somethingToDo.await, true),
      Effect.as(Effect.sleep(IDLE), false),
    )
    // A writer that takes nothing is noticed also where nothing was on its way.
    if (!isSomethingOut) return yield* watchStalls
    yield* search.pipe(Effect.catch((error) => health.failed(error, outstanding.events)))
    const now = yield* Clock.currentTimeMillis
    yield* Effect.forEach(outstanding.batches, (one) => warnIfLate(one, now, settings().warnAfter), {
      discard: true,
    })
    yield* watchStalls
    if (outstanding.all.size === 0) yield* somethingToDo.close
    const { bounds } = settings()
    yield* Effect.sleep((yield* health.isFailing) ? bounds.max : lookInterval(lag, bounds))
  })

  const confirm = (written: Written): Effect.Effect<Verdict> =>
    written.ids.length === 0
      ? Effect.succeed({ _tag: "Confirmed", confirmedAt: written.writtenAt, duplicated: 0 })
      : waitFor(written, "events")

  const lookUp = makeLookUp({
    indexer,
    answered: health.answered,
    failed: (error) => health.failed(error, outstanding.events),
    again: () => settings().bounds.max,
  })
  const known = ({ coverSince, since, ...sought }: Sought) =>
    lookUp({ ...sought, since: since - skew, coverSince: (coverSince ?? since) - skew })

  const status = Effect.gen(function* () {
    const batches = outstanding.batches
    return {
      batches: batches.length,
      events: outstanding.events,
      oldestWrittenAt: batches[0]?.written.startedAt,
      lagMillis: lag.last,
      indexer: yield* health.state,
      stalled: yield* stalls.status,
      ...counts,
    } satisfies VerifierStatus
  })

  const wanted = Effect.gen(function* () {
    const now = yield* monotonicMillis
    return canariesWanted(proof.writes, {
      now,
      resendMillis: resendAfter(lag, settings().resend),
      lateMillis: lateAfter(lag),
      losing: now - lastLossAt < LOSING_FOR,
      volley: volleyFor(yield* proving.mostShards, settings().leastVolley),
      volleyAt: lastVolleyAt,
      registered: proof.registered,
    })
  })
  const witnesses = Witnesses.of({
    wanted: Effect.suspend(() => somethingToDo.await).pipe(
      Effect.andThen(Effect.sleep(WANTED_EVERY)),
      Effect.andThen(wanted),
      Effect.repeat({ until: (canaries) => canaries > 0 }),
    ),
    inTurn: turn.withPermit,
    written: Effect.fnUntraced(function* (canaries) {
      if (canaries.ids.length >= settings().leastVolley) lastVolleyAt = yield* monotonicMillis
      yield* add(canaries, "canary")
      const out = [...outstanding.all].filter(({ kind }) => kind === "canary")
      for (const old of out.slice(0, Math.max(0, out.length - MOST_VOLLEYS))) remove(old)
    }),
    writing: stalls.writing,
    barrier: Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      yield* waitFor({ feed: "", batch: "", ids: [], attempt: 1, startedAt: now, writtenAt: now }, "barrier")
      return lag.last ?? 0
    }),
    quietMillis: Effect.map(monotonicMillis, (now) =>
      stall.lastArrival === undefined ? undefined : now - stall.lastArrival,
    ),
  })
  const verifier = Verifier.of({ confirm, known, status, watch: Effect.forever(look) })
  return Context.make(Verifier, verifier).pipe(Context.add(Witnesses, witnesses))
})

/** One verifier, and what its proofs ask of the canary. */
export const layer = (options: VerifierOptions): Layer.Layer<Verifier | Witnesses, never, Indexer> =>
  layerLive(() => options)

/** The same with settings that may change while it runs, all but `clockSkew` and `maxIdsPerSearch`. */
export const layerLive = (
  current: () => VerifierOptions,
): Layer.Layer<Verifier | Witnesses, never, Indexer> => Layer.effectContext(make(current))
