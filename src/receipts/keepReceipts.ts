/**
 * Receipts in a SQLite file, kept by the one process that delivers.
 *
 * What the stages tell waits in memory; a single fiber writes all that has come in a moment in one transaction. While
 * the disk refuses, it tries again now and then, and what would be too much to wait is left out. SQLite blocks this
 * thread meanwhile, about 0.5 ms for a batch of 500 events.
 */
import { Clock, Duration, Effect, FileSystem, Latch, Layer, Path, Semaphore } from "effect"
import * as Log from "../telemetry/log.ts"
import type { Change } from "./Change.ts"
import { FILE, failedWith, openToKeep, type SqliteFailed, setAside } from "./openReceipts.ts"
import { Receipts, ReceiptsError, type ReceiptsShape } from "./Receipts.ts"
import type { ReceiptsFile } from "./ReceiptsFile.ts"

export interface ReceiptsOptions {
  readonly folder: string
  readonly keep: Duration.Duration
  readonly maxBytes: number
  /** Whether a settled batch has been returned by a search: `verify.mode: always`. */
  readonly isProven: boolean
}

/** What comes in meanwhile shares a transaction. */
const GATHER = Duration.millis(200)
/** Changes of one transaction, so that it stays short. */
const MOST_IN_ONE = 32
/** Changes, and the events in them, that may wait for the disk: some 10 MB. */
const MOST_CHANGES = 2_000
const MOST_EVENTS = 50_000
const AFTER_FAILURE = Duration.seconds(10)
const PRUNE_EVERY = Duration.toMillis(Duration.minutes(1))

const eventsOf = (change: Change): number => (change._tag === "Begun" ? change.events.length : 0)

/** SQLite takes whole numbers, and a sender may say any time. */
const whole = (millis: number): number => (Number.isSafeInteger(Math.trunc(millis)) ? Math.trunc(millis) : 0)

const make = Effect.fnUntraced(function* ({ folder, isProven, keep, maxBytes }: ReceiptsOptions) {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const fs = yield* FileSystem.FileSystem
  const path = (yield* Path.Path).join(folder, FILE)
  const somethingToDo = yield* Latch.make(false)
  const oneAtATime = yield* Semaphore.make(1)
  let waiting: Array<Change> = []
  let waitingEvents = 0
  let dropped = 0
  let isFailing = false
  let prunedAt = Number.NEGATIVE_INFINITY
  let hasBeenOpen = false
  let file: ReceiptsFile | undefined

  const tell = (change: Change) =>
    Effect.suspend(() => {
      if (waiting.length >= MOST_CHANGES || waitingEvents + eventsOf(change) > MOST_EVENTS) {
        dropped += 1
        return Effect.void
      }
      waiting.push(change)
      waitingEvents += eventsOf(change)
      return somethingToDo.open
    })

  const close = Effect.sync(() => {
    file?.close()
    file = undefined
  })

  const open = Effect.gen(function* () {
    if (file !== undefined) return file
    const opened = yield* openToKeep(folder)
    if (!hasBeenOpen)
      yield* Effect.try({ try: () => opened.leaveOpenOnes(), catch: failedWith }).pipe(
        Effect.onError(() => Effect.sync(() => opened.close())),
      )
    hasBeenOpen = true
    file = opened
    return opened
  })

  /** A broken file is set aside, and then it is tried once more with a new one. */
  const using = <A>(work: (file: ReceiptsFile) => A): Effect.Effect<A, SqliteFailed> => {
    const tried = Effect.flatMap(open, (opened) => Effect.try({ try: () => work(opened), catch: failedWith }))
    const anew = Effect.fnUntraced(function* ({ message }: SqliteFailed) {
      yield* close
      const aside = yield* setAside(folder)
      yield* Log.warning(
        "receipts.set_aside",
        `The file of receipts can't be used (${message}) and a new one is begun. Deliveries are not touched by it; waybill trace knows less of earlier ones.`,
        { path, set_aside: aside },
      )
      return yield* tried
    })
    return tried.pipe(
      Effect.catchIf(({ isBroken }) => isBroken, anew),
      Effect.provideContext(services),
      Effect.uninterruptible,
      oneAtATime.withPermit,
    )
  }

  /** The next piece of what waits; in one step, so that nobody can write the same twice. */
  const writeSome = (opened: ReceiptsFile) => {
    const changes = waiting.slice(0, MOST_IN_ONE)
    opened.commit(changes)
    waiting = waiting.slice(changes.length)
    waitingEvents -= changes.reduce((sum, change) => sum + eventsOf(change), 0)
  }
  const write = Effect.gen(function* () {
    while (waiting.length > 0) {
      yield* using(writeSome)
      yield* Effect.yieldNow
    }
  })

  const prune = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now - prunedAt < PRUNE_EVERY) return
    prunedAt = now
    // Somebody may have removed it; what is written to it then, nobody finds.
    if (!(yield* Effect.orElseSucceed(fs.exists(path), () => true))) yield* oneAtATime.withPermit(close)
    while ((yield* using((opened) => opened.prune(now - Duration.toMillis(keep), maxBytes))) === "removed")
      yield* Effect.yieldNow
  })

  const failed = Effect.fnUntraced(function* ({ message }: SqliteFailed) {
    yield* close
    if (!isFailing)
      yield* Log.warning(
        "receipts.failed",
        `Receipts can't be kept in ${path}: ${message}. Delivery goes on without them. Look at the free space and the permissions there (receipts.path), or set receipts.enabled to false.`,
        { path },
      )
    isFailing = true
  })

  const worked = Effect.gen(function* () {
    if (!isFailing && dropped === 0) return
    yield* Log.info("receipts.recovered", "Receipts are kept again", { path, dropped })
    isFailing = false
    dropped = 0
  })

  const flush = write.pipe(Effect.andThen(prune), Effect.andThen(worked))

  const loop = Effect.gen(function* () {
    yield* somethingToDo.await
    yield* Effect.sleep(GATHER)
    yield* somethingToDo.close
    const pause = yield* flush.pipe(
      Effect.as(Duration.zero),
      Effect.catch((error) => Effect.as(failed(error), AFTER_FAILURE)),
    )
    yield* Effect.sleep(pause)
    if (waiting.length > 0) yield* somethingToDo.open
  })

  yield* Effect.addFinalizer(() => close)
  yield* Effect.addFinalizer(() => Effect.catch(write, failed))
  // Also where nothing is ever written, so that what an earlier run had begun is told apart from what is on its way.
  yield* Effect.forkScoped(
    Effect.andThen(
      Effect.catch(
        Effect.andThen(
          using(() => undefined),
          prune,
        ),
        failed,
      ),
      Effect.forever(loop),
    ),
  )

  const asked = <A>(question: (file: ReceiptsFile) => A) =>
    Effect.mapError(
      Effect.andThen(Effect.ignore(write), using(question)),
      ({ message }) => new ReceiptsError({ message: `Receipts can't be read in ${path}: ${message}.` }),
    )

  return {
    begun: (batch, events, known) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) =>
        events.length === 0
          ? Effect.void
          : tell({
              _tag: "Begun",
              batch: batch.id,
              feed: batch.feed,
              known,
              at,
              events: events.map(({ envelope, id, timeMillis }) => [
                id,
                whole(Date.parse(envelope.received_at)),
                whole(timeMillis),
              ]),
            }),
      ),
    written: ({ attempt, batch }, at) => tell({ _tag: "Written", batch, attempt, at }),
    settled: ({ attempts, batch, confirmedAt, dead, duplicated, index, written }, deadIds) =>
      written + deadIds.length === 0
        ? Effect.void
        : tell({
            _tag: "Settled",
            state: isProven ? "confirmed" : "settled",
            ...{ attempts, batch, dead, deadIds, duplicated, index, at: confirmedAt },
          }),
    indexed: (batch, index) => tell({ _tag: "Indexed", batch, index }),
    find: (id) => asked((opened) => opened.find(id)),
    page: (query) => asked((opened) => opened.page(query)),
    since: asked((opened) => opened.since),
  } satisfies ReceiptsShape
})

export const layer = (
  options: ReceiptsOptions,
): Layer.Layer<never, never, FileSystem.FileSystem | Path.Path> => Layer.effect(Receipts, make(options))
