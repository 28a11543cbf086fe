/**
 * The incident that Waybill was made for: 30 hours of flows, and a manager that dies in the middle with what it had taken.
 *
 * `waybill run` works as a process of its own against simulators over real sockets and HTTP. What arrives is counted
 * over the serials that the simulated source gave to its records, so the proof does not rest on Waybill's own ids.
 */
import { Clock, Duration, Effect, FileSystem, Path, Stream } from "effect"
import { unaccountedIn } from "../ledgerInLog.ts"
import { startWaybill } from "../WaybillProcess.ts"
import { makeWorld, type WorldOptions } from "../World.ts"
import { writeWaybillConfig } from "../waybillConfig.ts"
import type { Proof, Step } from "./Proof.ts"

export interface IncidentOptions {
  readonly flows: number
  readonly span: Duration.Duration
  /** What the manager can do, in events a second. */
  readonly serviceRate: number
  readonly refreshInterval: Duration.Duration
  /** How long the manager is away. */
  readonly outage: Duration.Duration
  /** The program that runs Waybill. */
  readonly entry: string
  readonly openSearch: WorldOptions["openSearch"]
  /** Gives up after this. */
  readonly atMost: Duration.Duration
}

/** The manager dies when so much of the history has come through it. */
const DIES_AT = 0.4
/** A real node has to be asked for every document, a simulated one is only looked at. */
const lookEvery = ({ openSearch }: IncidentOptions) =>
  openSearch === undefined ? Duration.millis(250) : Duration.seconds(2)

/** Tells each step to `show`, and in the end the proof. */
export const runIncident = Effect.fnUntraced(function* (
  options: IncidentOptions,
  show: (step: Step) => Effect.Effect<void>,
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const world = yield* makeWorld({
    flows: { count: options.flows, span: options.span },
    manager: { serviceRate: options.serviceRate },
    indexer: { refreshInterval: options.refreshInterval },
    ...(options.openSearch === undefined ? {} : { openSearch: options.openSearch }),
  })
  const { manager } = world
  yield* manager.start
  const configFile = yield* writeWaybillConfig(world, {
    set: {
      "source.firewalla.feeds.alarms.enabled": false,
      "source.firewalla.feeds.devices.enabled": false,
      "verify.grace": `${Duration.toMillis(options.refreshInterval) + 1000} millis`,
    },
  })
  const startedAt = yield* Clock.currentTimeMillis
  const waybill = yield* startWaybill({
    entry: options.entry,
    configFile,
    logFile: path.join(world.folder, "waybill.log"),
  })

  const look = Effect.gen(function* () {
    const truth = yield* world.truth
    yield* show({ _tag: "Progress", source: truth.source, searchable: truth.searchable })
    return truth
  })
  const until = (reached: (searchable: number, source: number) => boolean) =>
    Stream.fromEffectRepeat(Effect.delay(look, lookEvery(options))).pipe(
      Stream.takeUntil(({ searchable, source }) => reached(searchable, source)),
      Stream.runDrain,
    )
  const died = Effect.flatMap(waybill.exitCode, (code) =>
    Effect.as(
      show({ _tag: "Note", text: `waybill run ended by itself with exit code ${code ?? "none"}` }),
      false,
    ),
  )
  const story = Effect.gen(function* () {
    yield* until((searchable, source) => searchable >= source * DIES_AT)
    const { queued } = yield* manager.counters
    yield* manager.kill
    yield* show({
      _tag: "Note",
      text: `The manager dies. ${queued.toLocaleString("en")} events that it had taken are gone with it.`,
    })
    yield* Effect.raceFirst(
      until(() => false),
      Effect.sleep(options.outage),
    )
    yield* manager.start
    yield* show({
      _tag: "Note",
      text: `The manager is back after ${Duration.format(options.outage)}, with a new socket.`,
    })
    yield* until((searchable, source) => searchable === source)
    return true
  }).pipe(Effect.timeoutOrElse({ duration: options.atMost, orElse: () => Effect.succeed(false) }))

  const complete = yield* Effect.raceFirst(story, died)
  const endedAt = yield* Clock.currentTimeMillis
  // What was sent twice would show up late, so the drain and one more refresh come before the last count.
  yield* waybill.stop
  const exitCode = yield* waybill.exitCode
  yield* Effect.sleep(Duration.sum(options.refreshInterval, Duration.seconds(1)))
  const truth = yield* world.truth
  const deadLettered = (yield* fs
    .readDirectory(path.join(world.folder, "dlq"))
    .pipe(Effect.orElseSucceed(() => []))).length
  const log = yield* fs.readFileString(path.join(world.folder, "waybill.log"))
  const seconds = ((truth.lastSearchableAt ?? endedAt) - startedAt) / 1000
  return {
    source: truth.source,
    searchable: truth.searchable,
    lost: truth.lost - deadLettered,
    duplicated: truth.duplicated,
    deadLettered,
    unaccounted: unaccountedIn(log).reduce((sum, { records }) => sum + records, 0),
    seconds,
    eventsPerSecond: truth.searchable / seconds,
    complete: complete && exitCode === 0,
    exitCode,
    log,
  } satisfies Proof
})
