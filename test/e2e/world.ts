/**
 * A stage for end-to-end tests: the simulated world over real sockets and HTTP, `waybill run` as a process that can be
 * stopped and killed, and an observer that holds every checkpoint against the index.
 */
import assert from "node:assert"
import { NodeServices } from "@effect/platform-node"
import { Clock, Duration, Effect, type FileSystem, Path, type Scope } from "effect"
import { KEYWORDS } from "../../src/demo/indexer/document.ts"
import type { SerialKind } from "../../src/demo/serials.ts"
import { startWaybill, type WaybillProcess } from "../../src/demo/WaybillProcess.ts"
import { makeWorld, type World, type WorldOptions } from "../../src/demo/World.ts"
import { writeWaybillConfig } from "../../src/demo/waybillConfig.ts"
import type { Checkpoint } from "../../src/domain/Checkpoint.ts"
import { aheadOf, arrivalsIn, equationOf, makeDeadLetterReader } from "./equation.ts"
import { holdToLedger } from "./ledger.ts"
import { makeRunLog, type RunLogOptions } from "./runLog.ts"
import { checkpointFile, watchCheckpoints } from "./watchCheckpoints.ts"

export interface StageOptions extends WorldOptions, RunLogOptions {
  /** Settings by dotted path. */
  readonly set?: Readonly<Record<string, string | number | boolean>>
  /** What else stands beside the world, as long as the stage does; answers settings that lead to it. */
  readonly beside?: (
    world: World,
  ) => Effect.Effect<Readonly<Record<string, string | number | boolean>>, never, Scope.Scope>
}

const REFRESH = Duration.millis(250)
/** Everything as short as a machine with two cores allows; refresh and grace keep their order. */
export const FAST: Readonly<Record<string, string | number | boolean>> = {
  "log.level": "debug",
  "verify.grace": "800 millis",
  // Small, so that there is a middle in which something can happen.
  "verify.max_unconfirmed_events": 400,
  "batch.max_events": 100,
  "verify.min_interval": "50 millis",
  "verify.max_interval": "500 millis",
  "verify.warn_after": "2 seconds",
  "canary.resend_after": "2 seconds",
  "retry.max_delay": "500 millis",
  "retry.retry_delay_ms": 50,
  "retry.timeout_seconds": 2,
  "indexer.timeout_seconds": 2,
  "source.firewalla.timeout_seconds": 2,
  "writer.socket.send_timeout_seconds": 0.5,
  "source.firewalla.feeds.flows.interval": "700 millis",
  "source.firewalla.feeds.alarms.interval": "700 millis",
  "source.firewalla.feeds.devices.interval": "700 millis",
  "source.firewalla.feeds.alarms.enabled": false,
  "source.firewalla.feeds.devices.enabled": false,
}

/**
 * A manager so slow that a delivery of a thousand events is still in its middle when a wait ends seconds late; once the
 * fault is in, `stage.hurry` brings the rest.
 */
export const SLOW_MANAGER = { serviceRate: 60 }
const HURRY = 4000

const EVENT_TYPE = KEYWORDS.indexOf("data.event_type")
const RECORDS = ["flow", "alarm", "device_change"]

/** Stops it as an administrator does, and answers its exit code. */
export const stopped = (waybill: WaybillProcess) => Effect.andThen(waybill.stop, waybill.exitCode)

const makeStage = Effect.fnUntraced(function* (options: StageOptions) {
  const path = yield* Path.Path
  const world = yield* makeWorld({
    ...options,
    indexer: { refreshInterval: REFRESH, ...options.indexer },
    shipper: { delay: "50 millis", ...options.shipper },
  })
  const indexer = world.indexer ?? assert.fail("the end-to-end tests need the simulated indexer")
  const beside = options.beside === undefined ? {} : yield* options.beside(world)
  const configFile = yield* writeWaybillConfig(world, { set: { ...FAST, ...options.set, ...beside } })
  const logFile = path.join(world.folder, "waybill.log")
  const stateFolder = path.join(world.folder, "state")
  yield* holdToLedger(logFile)
  const letters = yield* makeDeadLetterReader(path.join(world.folder, "dlq"))
  const late = new Set<string>()
  const ahead: Array<string> = []
  const checkpoints: Array<Checkpoint> = []

  const log = yield* makeRunLog(logFile, options)
  yield* watchCheckpoints(
    stateFolder,
    Effect.fnUntraced(function* (checkpoint) {
      checkpoints.push(checkpoint)
      ahead.push(...aheadOf(world, arrivalsIn(indexer), yield* letters, late, checkpoint))
    }),
  )

  const equation = Effect.gen(function* () {
    yield* world.manager.health
    yield* world.shipper.health
    return equationOf(world, arrivalsIn(indexer), yield* letters, yield* Clock.currentTimeMillis)
  })

  /** Copies of records in the index, searchable or not yet; none of Waybill's own events. */
  const copies = Effect.sync(() => {
    const { store } = indexer
    let found = 0
    for (let row = 0; row < store.size(); row++)
      if (RECORDS.includes(store.keyword(row, EVENT_TYPE))) found += 1
    return found
  })

  const hurry = world.manager.setServiceRate(HURRY)

  /** Waits until every record of the source is searchable or dead. */
  const arrived = log.until(
    "every record is searchable or dead",
    Effect.map(equation, ({ lost }) => lost.length === 0),
  )

  /** Asserts the equation, after all that may still be on its way has had time to arrive. */
  const assertEquation = Effect.gen(function* () {
    yield* Effect.sleep(Duration.sum(REFRESH, Duration.millis(300)))
    const { lost, twice } = yield* equation
    const wrong = [...lost.map((name) => `${name} is lost`), ...twice.map((name) => `${name} is there twice`)]
    const all = [...wrong, ...ahead]
    if (all.length > 0)
      assert.fail(
        `${all.slice(0, 20).join("\n")}\n${all.length} in all; the log ends with\n${yield* log.tail}`,
      )
  })

  return {
    world,
    indexer,
    configFile,
    stateFolder,
    /** What Waybill has written to standard output and standard error. */
    logFile,
    /** Of one feed, e.g. `flows`. */
    checkpointFile: (feed: string) => checkpointFile(stateFolder, feed),
    /** Every version of a checkpoint that was seen, in order. */
    checkpoints,
    letters,
    ...log,
    equation,
    copies,
    start: startWaybill({ entry: "src/main.ts", configFile, logFile }),
    /** Hides records by number, `to` excluded; a checkpoint may pass them until they are released. */
    holdBack: (kind: SerialKind, from: number, to: number) =>
      Effect.sync(() => {
        const timeline = world.msp[kind]
        timeline.holdBack(timeline.timeOf(from), timeline.timeOf(to))
        for (let i = 0; i < timeline.total(); i++) if (!timeline.isAvailable(i)) late.add(`${kind} ${i}`)
      }),
    release: (kind: SerialKind) => Effect.sync(() => world.msp[kind].releaseAll()),
    /** Makes the manager work off whatever waits in it, and what comes after, at once. */
    hurry,
    /** As `systemctl stop` does: what the manager has in its queue by now it works off, at once, before it ends. */
    stopManager: Effect.andThen(hurry, world.manager.stopGracefully),
    /** Waits until so many records are searchable. */
    searchable: (atLeast: number) =>
      log.until(
        `${atLeast} are searchable`,
        Effect.map(equation, ({ searchable }) => searchable >= atLeast),
      ),
    /** Waits until the manager's queue holds so many. */
    queued: (atLeast: number) =>
      log.until(
        `the manager has ${atLeast} in its queue`,
        Effect.map(world.manager.counters, ({ queued }) => queued >= atLeast),
      ),
    arrived,
    assertEquation,
    /** Everything arrives, a whole poll after that sends nothing more, and a stop is clean. */
    endsWell: (waybill: WaybillProcess) =>
      Effect.gen(function* () {
        yield* arrived
        yield* log.nextLine("poll.finished", () => true, 2)
        const { dead, source } = yield* equation
        assert.strictEqual(yield* copies, source - dead)
        assert.strictEqual(yield* stopped(waybill), 0)
        yield* assertEquation
      }),
    ahead,
  }
})

export type Stage = Effect.Success<ReturnType<typeof makeStage>>

/** Plays a story on a stage of its own. */
export const onStage = <E>(
  options: StageOptions,
  story: (
    stage: Stage,
  ) => Effect.Effect<void, E, FileSystem.FileSystem | Path.Path | Scope.Scope | NodeServices.NodeServices>,
) => makeStage(options).pipe(Effect.flatMap(story), Effect.scoped, Effect.provide(NodeServices.layer))

/** The longest an end-to-end test may take, milliseconds. */
export const TEST_TIMEOUT = 240_000
