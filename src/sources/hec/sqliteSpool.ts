/**
 * The spool over one SQLite file.
 *
 * A single fiber writes: it takes everything that waits for the disk and puts it into one transaction, so that any
 * number of requests share a flush. SQLite blocks this thread meanwhile: 0.4 ms a commit on an SSD, 10 ms at the 99th
 * percentile. What came in during that time is the next transaction.
 */
import { Clock, Deferred, Duration, Effect, Layer, Queue } from "effect"
import type { Checkpoint } from "../../domain/Checkpoint.ts"
import { RunStatus } from "../../status/RunStatus.ts"
import * as Log from "../../telemetry/log.ts"
import { set } from "../../telemetry/metric.ts"
import { METRICS } from "../../telemetry/metrics.ts"
import { openSpool } from "./openSpool.ts"
import { type Push, PushTooLarge, Spool, SpoolFailed, SpoolFull, type SpoolUnusable } from "./Spool.ts"
import { type Appended, bytesOf, type Forgotten } from "./SpoolFile.ts"

export interface SpoolOptions {
  /** `source.hec.spool.path` */
  readonly folder: string
  readonly maxBytes: number
  readonly maxEvents: number
  readonly channelIdle: Duration.Duration
  /** Up to where each of these senders is settled, as the checkpoints have it. */
  readonly settledUpTo: (sender: string) => Effect.Effect<number, SpoolUnusable>
  /** Pages of 4 KiB that the file may have; without a limit of its own when absent. */
  readonly maxPages?: number
  /** The configured senders; there may be others whose records still wait. */
  readonly senders: ReadonlyArray<string>
}

/** A feed of pushed records, by whose sender it is. */
export const feedOf = (sender: string): string => `hec/${sender}`

export const upToOf = (checkpoint: Checkpoint | undefined): number =>
  checkpoint?.position.kind === "sequence" ? checkpoint.position.up_to : 0

interface Waiting {
  readonly push: Push
  readonly bytes: number
  readonly events: number
  readonly done: Deferred.Deferred<Appended, SpoolFailed>
}

/** What one transaction brings at most, so that it stays short. */
const MOST_IN_ONE = 256
const EXPIRE_EVERY = 60_000
const AFTER_FAILURE = Duration.seconds(1)

const make = Effect.fnUntraced(function* (options: SpoolOptions) {
  const file = yield* openSpool(options.folder, options.maxPages)
  const status = yield* RunStatus
  const startedAt = yield* Clock.currentTimeMillis
  const newest = new Map(file.newest)
  const orphans = [...newest.keys()].filter((sender) => !options.senders.includes(sender))
  const settledUpTo = new Map<string, number>()
  for (const sender of [...options.senders, ...orphans]) {
    const upTo = yield* options.settledUpTo(sender)
    settledUpTo.set(sender, upTo)
    file.startAfter(upTo)
  }
  const openedAt = file.last
  file.channels.touchAll(startedAt)

  const size = { ...file.size }
  const listeners = new Map<string, Set<() => void>>()
  /** Pushes, and `undefined` to have done what else has gathered. */
  const queue = yield* Queue.unbounded<Waiting | undefined>()
  /** What has gathered for the next transaction. */
  let settled = new Map(settledUpTo)
  let forgotten: Array<Forgotten> = []
  let expiredAt = startedAt
  let isFailing = false
  let isRefusing = false

  const forgetIdle = (now: number): void => {
    if (now - expiredAt < EXPIRE_EVERY) return
    expiredAt = now
    for (const { sender, channel } of file.channels.expire(now - Duration.toMillis(options.channelIdle)))
      forgotten.push({ sender, channel, id: undefined })
  }

  const tellSize = Effect.suspend(() =>
    Effect.andThen(set(METRICS.hecSpoolEvents, {}, size.events), set(METRICS.hecSpoolBytes, {}, size.bytes)),
  )
  yield* tellSize

  const commit = (batch: ReadonlyArray<Waiting>, now: number) =>
    Effect.try({
      try: () => {
        const pushes = batch.map(({ push }) => push)
        const { appended, removed } = file.commit(pushes, settled, forgotten, isFailing)
        settled = new Map()
        forgotten = []
        size.bytes -= removed.bytes
        size.events -= removed.events
        if (removed.events > 0 && size.events === 0) file.shrink()
        for (const [n, { ackId, upTo }] of appended.entries()) {
          const push = pushes[n]
          if (push === undefined) continue
          if (ackId !== undefined && push.channel !== undefined)
            file.channels.opened(push.sender, push.channel, ackId, upTo, now)
          newest.set(push.sender, Math.max(upTo, newest.get(push.sender) ?? 0))
        }
        return appended
      },
      catch: (cause) =>
        new SpoolFailed({
          message: `The spool in ${options.folder} can't be written: ${cause instanceof Error ? cause.message : String(cause)}. Check the free space and the disk; senders are told to come back.`,
        }),
    })

  const write = Effect.fnUntraced(
    function* (batch: ReadonlyArray<Waiting>) {
      const now = yield* Clock.currentTimeMillis
      forgetIdle(now)
      const appended = yield* commit(batch, now)
      if (isFailing) {
        yield* Log.info("hec.spool_recovered", "The spool can be written again")
        yield* status.released("spool")
      }
      isFailing = false
      yield* tellSize
      for (const [n, { done, push }] of batch.entries()) {
        const one = appended[n]
        if (one !== undefined) yield* Deferred.succeed(done, one)
        for (const listener of [...(listeners.get(push.sender) ?? [])]) listener()
      }
    },
    (effect, batch) =>
      Effect.catch(
        effect,
        Effect.fnUntraced(function* (error) {
          if (!isFailing) yield* Log.error("hec.spool_failed", error.message)
          isFailing = true
          yield* status.held("spool", error.message)
          for (const { bytes, events, done } of batch) {
            size.bytes -= bytes
            size.events -= events
            yield* Deferred.fail(done, error)
          }
          // What is settled must go at last, or a full spool would stay full; and nobody else may try meanwhile.
          yield* Effect.forkScoped(Effect.delay(Queue.offer(queue, undefined), AFTER_FAILURE))
        }),
      ),
  )

  const isPush = (one: Waiting | undefined): one is Waiting => one !== undefined
  yield* Queue.takeBetween(queue, 1, MOST_IN_ONE).pipe(
    // Every request that is ready joins this transaction.
    Effect.tap(Effect.yieldNow),
    Effect.flatMap((first) =>
      Effect.flatMap(Queue.clear(queue), (more) =>
        Effect.uninterruptible(write([...first, ...more].filter(isPush))),
      ),
    ),
    Effect.forever,
    Effect.forkScoped,
  )

  const isAtLimit = () => size.bytes >= options.maxBytes || size.events >= options.maxEvents
  const refuse = Effect.fnUntraced(function* () {
    const message = `${size.events} events in ${size.bytes} bytes wait to be confirmed, and source.hec.spool allows no more`
    if (!isRefusing) yield* Log.warning("hec.full", `${message}: senders are told to come back.`, { ...size })
    isRefusing = true
    return yield* new SpoolFull({ message })
  })

  const append = (push: Push): Effect.Effect<number | undefined, PushTooLarge | SpoolFull | SpoolFailed> =>
    Effect.suspend((): Effect.Effect<number | undefined, PushTooLarge | SpoolFull | SpoolFailed> => {
      const bytes = bytesOf(push)
      const events = push.chunks.reduce((sum, { count }) => sum + count, 0)
      if (bytes > options.maxBytes || events > options.maxEvents)
        return Effect.fail(
          new PushTooLarge({
            message:
              events > options.maxEvents
                ? `${events} events in one request are more than source.hec.spool.max_events, which is ${options.maxEvents}`
                : `A request that takes ${bytes} bytes in the spool is more than source.hec.spool.max_bytes, which is ${options.maxBytes}`,
          }),
        )
      if (isAtLimit() || size.bytes + bytes > options.maxBytes || size.events + events > options.maxEvents)
        return refuse()
      // In one step with the offer: whoever is interrupted after it has been taken into the account for good.
      size.bytes += bytes
      size.events += events
      const done = Deferred.makeUnsafe<Appended, SpoolFailed>()
      Queue.offerUnsafe(queue, { push, bytes, events, done })
      const wasRefusing = isRefusing
      isRefusing = false
      return Effect.map(
        wasRefusing
          ? Effect.andThen(
              Log.info("hec.room_again", "Senders are let in again", { ...size }),
              Deferred.await(done),
            )
          : Deferred.await(done),
        ({ ackId }) => ackId,
      )
    })

  return Spool.of({
    append,
    read: (sender, after, atLeast) =>
      Effect.try({
        try: () => file.read(sender, after, atLeast),
        catch: (cause) =>
          new SpoolFailed({
            message: `The spool in ${options.folder} can't be read: ${String(cause)}. The feed holds; see docs/hec.md for what to do.`,
          }),
      }),
    arrived: (sender, after) =>
      Effect.callback<void>((resume) => {
        if ((newest.get(sender) ?? 0) > after) return resume(Effect.void)
        const waiting = listeners.get(sender) ?? new Set()
        listeners.set(sender, waiting)
        const listener = () => {
          if ((newest.get(sender) ?? 0) <= after) return
          waiting.delete(listener)
          resume(Effect.void)
        }
        waiting.add(listener)
        return Effect.sync(() => void waiting.delete(listener))
      }),
    settled: (sender, upTo) =>
      Effect.sync(() => {
        settledUpTo.set(sender, upTo)
        settled.set(sender, upTo)
        Queue.offerUnsafe(queue, undefined)
      }),
    acks: (sender, channel, ids) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const answers = file.channels.take(sender, channel, ids, settledUpTo.get(sender) ?? 0, now)
        for (const [id, isSettled] of answers) if (isSettled) forgotten.push({ sender, channel, id })
        return answers
      }),
    isFull: () => isFailing || isAtLimit(),
    stats: () => ({ ...size }),
    orphans,
    openedAt,
  })
})

export const layer = (options: SpoolOptions) => Layer.effect(Spool, make(options))
