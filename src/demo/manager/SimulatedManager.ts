/**
 * wazuh-manager as far as an event's way goes: a real unix datagram socket, the decode queue that drops when it is
 * full, the decoder and rules at a settable rate, alerts.json, and the statistics socket.
 */
import { Clock, Duration, Effect, Exit, FileSystem, Path, type PlatformError, Ref, Scope } from "effect"
import { seededRandom } from "../seededRandom.ts"
import { type AlertsFile, makeAlertsFile } from "./AlertsFile.ts"
import { alertOf, type Content, INSTALLED } from "./alert.ts"
import { serveFramed } from "./framedSocket.ts"
import { type BindFailed, makeInputThread } from "./InputThread.ts"
import { makeLogtest } from "./logtest.ts"
import { makeReordering } from "./reordering.ts"
import { answerRequest, type Counters, statsReply } from "./stats.ts"

export interface ManagerOptions {
  /** Stands for /var/ossec: the sockets are `<folder>/queue/sockets/{queue,analysis,logtest}`. */
  readonly folder: string
  readonly seed: number
  /** Events decoded a second; `Infinity`: as fast as it goes. */
  readonly serviceRate: number
  /** Share of alerts that others overtake, 0 to 1. */
  readonly swaps: number
  /** How far its clock is ahead of everybody else's, milliseconds; negative: behind; 0 when absent. */
  readonly clockAhead?: number
  /** Keeps a statistics connection open after its reply; the real daemon closes it. */
  readonly keepStatsOpen: boolean
}

export interface SimulatedManager {
  readonly socketPath: string
  readonly statsPath: string
  readonly logtestPath: string
  readonly alerts: AlertsFile
  /** Binds anew: old senders are left with a dead inode. */
  readonly start: Effect.Effect<void, BindFailed>
  /** Takes in what the socket holds, works off its queue, removes its sockets. */
  readonly stopGracefully: Effect.Effect<void>
  /** What its queue and socket hold is lost; the file of the queue socket stays, as after SIGKILL. */
  readonly kill: Effect.Effect<void>
  readonly setServiceRate: (eventsPerSecond: number) => Effect.Effect<void>
  /** Loses a share of the events; `counted`: as the full queue's drops in the statistics. */
  readonly dropRandomly: (share: number, counted?: boolean) => Effect.Effect<void>
  /** Takes decoder or rules away, or raises `log_alert_level`; everything is installed when absent. */
  readonly setContent: (content: Partial<Content>) => Effect.Effect<void>
  /** Decoding stands still; input goes on until the queue is full. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  readonly isRunning: Effect.Effect<boolean>
  /** Since the last start, as `getstats` tells them. */
  readonly counters: Effect.Effect<Counters>
  /** Dies with what ended its decoder, should that ever happen; asked so that no test waits for a dead simulator. */
  readonly health: Effect.Effect<void>
  /** Its log lines since the first start. */
  readonly log: Effect.Effect<ReadonlyArray<string>>
}

const TICK_MILLIS = 5
/** Time that a busy event loop may have stolen and that the decoder then makes good. */
const CATCH_UP_SECONDS = 0.5
const MOST_PER_TICK = 1_000
/** Stands for `Infinity`, with which a budget can't be reckoned. */
const UNLIMITED = 1_000_000

export const makeSimulatedManager = Effect.fnUntraced(function* (
  options: ManagerOptions,
): Effect.fn.Return<
  SimulatedManager,
  PlatformError.PlatformError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const sockets = path.join(options.folder, "queue", "sockets")
  const socketPath = path.join(sockets, "queue")
  const statsPath = path.join(sockets, "analysis")
  const logtestPath = path.join(sockets, "logtest")
  yield* fs.makeDirectory(sockets, { recursive: true })
  const alerts = yield* makeAlertsFile(path.join(options.folder, "logs", "alerts"))
  const random = seededRandom(options.seed)
  const reordering = makeReordering<string>(options.swaps, random)

  let queue: Array<string> = []
  let head = 0
  let state: "running" | "stopping" | "stopped" = "stopped"
  let paused = false
  let rate = Math.min(options.serviceRate, UNLIMITED)
  let budget = 0
  let content = INSTALLED
  let loss = { share: 0, counted: false }
  let totals = { decoded: 0, processed: 0, alerts: 0, lost: 0 }
  let startedAt = 0
  let reportedFull = false
  const log: Array<string> = []
  const stats = yield* Ref.make<Scope.Closeable | undefined>(undefined)

  const input = yield* makeInputThread((messages) => {
    for (const message of messages) queue.push(message)
  })
  const waiting = () => queue.length - head

  const counters = (): Counters => {
    const { bytes, received, dropped, queued } = input.counts()
    const { decoded, processed, alerts: written, lost } = totals
    return { bytes, received, dropped: dropped + lost, queued, decoded, processed, alerts: written }
  }

  /** Decodes `count` of the queue and answers the lines that come out for alerts.json. */
  const decode = (count: number, now: number): ReadonlyArray<string> => {
    const lines: Array<string> = []
    for (const message of queue.slice(head, head + count)) {
      totals.decoded += 1
      if (loss.share > 0 && random.next() < loss.share) {
        if (loss.counted) totals.lost += 1
        continue
      }
      const line = alertOf(message, now + (options.clockAhead ?? 0), totals.decoded, content)
      totals.processed += 1
      if (line !== undefined) lines.push(...reordering.push(line))
    }
    head += count
    if (head > 4096 || head === queue.length) {
      queue = queue.slice(head)
      head = 0
    }
    input.decoded(count)
    if (waiting() === 0) lines.push(...reordering.flush())
    totals.alerts += lines.length
    return lines
  }

  const step = Effect.fnUntraced(function* (last: number, now: number) {
    if (!reportedFull && input.counts().dropped > 0) {
      reportedFull = true
      log.push("wazuh-analysisd: WARNING: Input queue is full.")
    }
    const seconds = (now - last) / 1000
    budget = Math.min(budget + seconds * rate, rate * CATCH_UP_SECONDS)
    const count = paused ? 0 : Math.min(Math.floor(budget), waiting(), MOST_PER_TICK)
    // What an idle decoder does not use is gone, but for one tick.
    budget =
      waiting() === count || paused ? Math.min(budget - count, (rate * TICK_MILLIS) / 1000) : budget - count
    if (count === 0) return
    const lines = decode(count, now)
    if (lines.length > 0) yield* alerts.append(lines)
  })

  const decoder = yield* Effect.forkScoped(
    Effect.gen(function* () {
      let last = yield* Clock.currentTimeMillis
      while (true) {
        yield* Effect.sleep(waiting() > 0 && budget >= 1 ? Duration.zero : Duration.millis(TICK_MILLIS))
        const now = yield* Clock.currentTimeMillis
        if (state !== "stopped") yield* step(last, now)
        last = now
      }
    }),
  )

  const closeStats = Ref.getAndSet(stats, undefined).pipe(
    Effect.flatMap((scope) => (scope === undefined ? Effect.void : Scope.close(scope, Exit.void))),
  )
  const unlink = (file: string) => fs.remove(file, { force: true }).pipe(Effect.orDie)
  yield* Effect.addFinalizer(() => closeStats)

  const start = Effect.gen(function* () {
    if (state !== "stopped") return
    input.reset()
    totals = { decoded: 0, processed: 0, alerts: 0, lost: 0 }
    reportedFull = false
    budget = 0
    startedAt = yield* Clock.currentTimeMillis
    yield* unlink(socketPath)
    yield* unlink(statsPath)
    yield* unlink(logtestPath)
    yield* input.bind(socketPath)
    yield* fs.chmod(socketPath, 0o660).pipe(Effect.orDie)
    const scope = yield* Scope.make()
    const clock = yield* Clock.Clock
    const reply = () => statsReply(counters(), startedAt, clock.currentTimeMillisUnsafe())
    const logtest = makeLogtest(
      () => content,
      () => clock.currentTimeMillisUnsafe(),
    )
    yield* serveFramed(statsPath, (request) => answerRequest(request, reply), options.keepStatsOpen).pipe(
      Scope.provide(scope),
    )
    yield* serveFramed(logtestPath, logtest.answer, false).pipe(Scope.provide(scope))
    yield* Ref.set(stats, scope)
    state = "running"
    log.push("wazuh-analysisd: INFO: Started.")
  })

  const stopGracefully = Effect.gen(function* () {
    if (state !== "running") return
    state = "stopping"
    yield* input.finish
    yield* unlink(socketPath)
    paused = false
    yield* Effect.sleep(Duration.millis(TICK_MILLIS)).pipe(Effect.repeat({ while: () => waiting() > 0 }))
    // One more tick: the last lines may be on their way to the file.
    yield* Effect.sleep(Duration.millis(4 * TICK_MILLIS))
    yield* closeStats
    state = "stopped"
    log.push("wazuh-analysisd: INFO: Stopped.")
  })

  const kill = Effect.gen(function* () {
    if (state !== "running") return
    state = "stopped"
    yield* input.kill
    queue = []
    head = 0
    reordering.clear()
    input.reset()
    yield* closeStats
    log.push("wazuh-analysisd: killed.")
  })

  yield* Effect.orDie(start)
  return {
    socketPath,
    statsPath,
    logtestPath,
    alerts,
    start,
    stopGracefully,
    kill,
    setServiceRate: (eventsPerSecond) =>
      Effect.sync(() => {
        rate = Math.min(eventsPerSecond, UNLIMITED)
        budget = 0
      }),
    dropRandomly: (share, counted = false) =>
      Effect.sync(() => {
        loss = { share, counted }
      }),
    setContent: (next) =>
      Effect.sync(() => {
        content = { ...INSTALLED, ...next }
      }),
    pause: Effect.sync(() => {
      paused = true
    }),
    resume: Effect.sync(() => {
      paused = false
    }),
    isRunning: Effect.sync(() => state === "running"),
    counters: Effect.sync(counters),
    health: Effect.suspend(() => decoder.pollUnsafe() ?? Effect.void),
    log: Effect.sync(() => [...log]),
  }
})
