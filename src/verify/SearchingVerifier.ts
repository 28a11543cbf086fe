/**
 * The verifier that runs beside the pipeline: one loop looks for everything that is outstanding.
 *
 * A small probe finds out how far the index has come, and only what should be there by then is asked for by name.
 * Names, because a count never confirms: one event that is there twice would hide one that is not there at all.
 */
import { Clock, Deferred, Duration, Effect, Latch, Layer, Ref } from "effect"
import { Indexer, type IndexerError } from "../indexer/Indexer.ts"
import * as Log from "../telemetry/log.ts"
import { type Lag, lookInterval, noLag, observeLag } from "./lag.ts"
import { Outstanding, type Question, type Waiting } from "./Outstanding.ts"
import { type Verdict, Verifier, type VerifierStatus, type Written } from "./Verifier.ts"

export interface VerifierOptions {
  /** Bounds of the interval between two looks; the lag decides in between. */
  readonly minInterval: Duration.Duration
  readonly maxInterval: Duration.Duration
  /** A write that is not confirmed for this long is warned about, and again after each further such time. */
  readonly warnAfter: Duration.Duration
  /** How far the clocks of Waybill, the manager and the source may be apart. */
  readonly clockSkew: Duration.Duration
  readonly maxIdsPerSearch: number
}

const iso = (millis: number): string => new Date(millis).toISOString()

const make = Effect.fnUntraced(function* (options: VerifierOptions) {
  const indexer = yield* Indexer
  const outstanding = new Outstanding()
  const somethingToDo = yield* Latch.make(false)
  const lag = yield* Ref.make<Lag>(noLag)
  const unavailableSince = yield* Ref.make<{ readonly since: number; readonly warnedAt: number } | undefined>(
    undefined,
  )
  const asked = yield* Ref.make(false)
  const skew = Duration.toMillis(options.clockSkew)
  const warnAfter = Duration.toMillis(options.warnAfter)
  const bounds = { min: Duration.toMillis(options.minInterval), max: Duration.toMillis(options.maxInterval) }

  const unavailable = Effect.fnUntraced(function* (error: IndexerError) {
    const now = yield* Clock.currentTimeMillis
    const before = yield* Ref.get(unavailableSince)
    if (before !== undefined && now - before.warnedAt < warnAfter) return
    yield* Ref.set(unavailableSince, { since: before?.since ?? now, warnedAt: now })
    yield* Log.warning("indexer.unavailable", error.message, {
      reason: error.reason,
      since: iso(before?.since ?? now),
      unconfirmed: outstanding.events,
    })
  })

  const available = Effect.gen(function* () {
    yield* Ref.set(asked, true)
    const before = yield* Ref.getAndSet(unavailableSince, undefined)
    if (before === undefined) return
    const now = yield* Clock.currentTimeMillis
    yield* Log.info("indexer.available", "The indexer answers again", {
      since: iso(before.since),
      unavailable_ms: now - before.since,
    })
  })

  /** Ids that have a document, with how many. Counted first: mostly none has one, and counting is cheaper. */
  const copiesOf = Effect.fnUntraced(function* (ids: ReadonlyArray<string>, since: number) {
    const query = { ids, since }
    const found = yield* indexer.count(query)
    yield* available
    return found === 0 ? new Map<string, number>() : yield* indexer.copies(query)
  })

  const finish = Effect.fnUntraced(function* (one: Waiting, now: number) {
    outstanding.remove(one)
    yield* Ref.update(lag, (seen) => observeLag(seen, now - one.written.writtenAt))
    if (one.duplicated > 0)
      yield* Log.warning("index.duplicates", `${one.duplicated} events are in the index more than once`, {
        feed: one.written.feed,
        batch: one.written.batch,
        duplicated: one.duplicated,
      })
    yield* Deferred.succeed(one.verdict, { _tag: "Confirmed", confirmedAt: now, duplicated: one.duplicated })
  })

  const warnIfLate = Effect.fnUntraced(function* (one: Waiting, now: number) {
    if (now - one.warnedAt < warnAfter) return
    one.warnedAt = now
    yield* Log.warning(
      "batch.unconfirmed",
      `${one.missing.size} of ${one.written.ids.length} events of ${one.written.batch} are not in the index yet; ` +
        "its feed holds until they are. Check that the manager and Filebeat run and that the indexer takes new documents.",
      {
        feed: one.written.feed,
        batch: one.written.batch,
        missing: one.missing.size,
        events: one.written.ids.length,
        since: iso(one.written.writtenAt),
        waiting_ms: now - one.written.writtenAt,
      },
    )
  })

  const ask = Effect.fnUntraced(function* (question: Question) {
    if (question.ids.length === 0) return
    const copies = yield* indexer.copies({ ids: question.ids, since: question.writtenSince - skew })
    yield* available
    const now = yield* Clock.currentTimeMillis
    yield* Effect.forEach(outstanding.settle(question, copies), (one) => finish(one, now), { discard: true })
  })

  const look = Effect.gen(function* () {
    yield* somethingToDo.await
    yield* Effect.suspend(() => ask(outstanding.probe())).pipe(
      Effect.andThen(
        Effect.suspend(() =>
          Effect.forEach(outstanding.questions(options.maxIdsPerSearch), ask, { discard: true }),
        ),
      ),
      Effect.catch(unavailable),
    )
    const now = yield* Clock.currentTimeMillis
    yield* Effect.forEach([...outstanding.all], (one) => warnIfLate(one, now), { discard: true })
    if (outstanding.all.size === 0) yield* somethingToDo.close
    const failing = (yield* Ref.get(unavailableSince)) !== undefined
    yield* Effect.sleep(failing ? bounds.max : lookInterval(yield* Ref.get(lag), bounds))
  })

  const confirm = Effect.fnUntraced(function* (written: Written) {
    if (written.ids.length === 0)
      return { _tag: "Confirmed", confirmedAt: written.writtenAt, duplicated: 0 } satisfies Verdict
    const waiting = outstanding.add(written, yield* Deferred.make<Verdict>())
    yield* somethingToDo.open
    return yield* Deferred.await(waiting.verdict).pipe(
      Effect.ensuring(Effect.sync(() => outstanding.remove(waiting))),
    )
  })

  const known = (ids: ReadonlyArray<string>, since: number): Effect.Effect<ReadonlyMap<string, number>> =>
    copiesOf(ids, since - skew).pipe(
      Effect.tapError(unavailable),
      Effect.catch(() =>
        Effect.andThen(
          Effect.sleep(bounds.max),
          Effect.suspend(() => known(ids, since)),
        ),
      ),
    )

  const status = Effect.gen(function* () {
    const failing = (yield* Ref.get(unavailableSince)) !== undefined
    return {
      batches: outstanding.all.size,
      events: outstanding.events,
      oldestWrittenAt: outstanding.oldestWrittenAt,
      lagMillis: (yield* Ref.get(lag)).last,
      indexer: failing ? "unavailable" : (yield* Ref.get(asked)) ? "available" : "unknown",
    } satisfies VerifierStatus
  })

  return Verifier.of({ confirm, known, status, watch: Effect.forever(look) })
})

export const layer = (options: VerifierOptions) => Layer.effect(Verifier, make(options))
