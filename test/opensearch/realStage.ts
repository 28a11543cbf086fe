/**
 * The stage of the end-to-end tests with a real OpenSearch in the indexer's place: `waybill run` as a process, Wazuh's
 * own template and pipeline where they lie beside this checkout, and the same equation, counted in the node itself.
 */

import assert from "node:assert"
import { NodeServices } from "@effect/platform-node"
import { Clock, Effect, type FileSystem, Path, Redacted, type Scope } from "effect"
import { startWaybill } from "../../src/demo/WaybillProcess.ts"
import { makeWorld, type WorldOptions } from "../../src/demo/World.ts"
import { writeWaybillConfig } from "../../src/demo/waybillConfig.ts"
import { aheadOf, equationOf, makeDeadLetterReader } from "../e2e/equation.ts"
import { holdToLedger } from "../e2e/ledger.ts"
import { makeRunLog, type RunLogOptions } from "../e2e/runLog.ts"
import { watchCheckpoints } from "../e2e/watchCheckpoints.ts"
import { FAST } from "../e2e/world.ts"
import { ALERTS, dayOfItsOwn, lent, loginOf, type RealNode, wazuhFile } from "./realNode.ts"
import { recordsOn } from "./recordsOn.ts"

export interface RealStageOptions extends Omit<WorldOptions, "openSearch">, RunLogOptions {
  /** Settings by dotted path. */
  readonly set?: Readonly<Record<string, string | number | boolean>>
  /** By which address Waybill searches; the node's own when absent. */
  readonly searchUrl?: string
  /** A mapping that an administrator has put above Wazuh's. */
  readonly mappings?: object
}

const PIPELINE = "waybill-test-pipeline"
/** Wazuh's is 5 s; every test would wait for it again and again. */
const REFRESH = "500ms"

/** A manager's events a second with which a delivery still has a middle when the machine has stalled for seconds. */
export const SLOW = 60
const QUICK = 4000

const settings = (node: RealNode, options: RealStageOptions) => ({
  ...FAST,
  "indexer.url": options.searchUrl ?? node.url,
  "indexer.timeout_seconds": 5,
  ...(node.users === undefined
    ? {}
    : { "indexer.username": node.users.waybill.username, "indexer.password": node.users.waybill.password }),
  ...(node.caFile === undefined ? {} : { "indexer.ca_file": node.caFile }),
  ...options.set,
})

const makeRealStage = Effect.fnUntraced(function* (node: RealNode, options: RealStageOptions) {
  const path = yield* Path.Path
  yield* dayOfItsOwn(node)
  const template = wazuhFile("wazuh-template.json")
  const pipeline = wazuhFile("pipeline.json")
  const stock = template !== undefined && pipeline !== undefined
  if (stock) {
    yield* lent(node, "/_template/waybill-test-stock", JSON.parse(template))
    yield* lent(node, `/_ingest/pipeline/${PIPELINE}`, JSON.parse(pipeline))
  }
  yield* lent(node, "/_template/waybill-test", {
    order: 10,
    index_patterns: [ALERTS],
    settings: { "index.refresh_interval": REFRESH },
    ...(options.mappings === undefined ? {} : { mappings: options.mappings }),
  })

  const { ca, user } = loginOf(node, node.admin)
  const world = yield* makeWorld({
    ...options,
    shipper: { delay: "50 millis", ...options.shipper },
    openSearch: {
      url: node.url,
      ...(ca === undefined ? {} : { ca }),
      ...(user === undefined ? {} : { username: user.username, password: Redacted.make(user.password) }),
      ...(stock ? { pipeline: PIPELINE } : {}),
    },
  })
  const configFile = yield* writeWaybillConfig(world, { set: settings(node, options) })
  const logFile = path.join(world.folder, "waybill.log")
  yield* holdToLedger(logFile)
  const letters = yield* makeDeadLetterReader(path.join(world.folder, "dlq"))
  const log = yield* makeRunLog(logFile, { lookEvery: "250 millis", atMost: "100 seconds", ...options })

  const ahead: Array<string> = []
  // A document never goes away: one that is not searchable just after a commit was not at the commit.
  yield* watchCheckpoints(path.join(world.folder, "state"), (checkpoint) =>
    Effect.gen(function* () {
      const { arrivals } = yield* recordsOn(node)
      ahead.push(...aheadOf(world, arrivals, yield* letters, new Set(), checkpoint))
    }),
  )

  const equation = Effect.gen(function* () {
    yield* world.manager.health
    yield* world.shipper.health
    const { arrivals, documents } = yield* recordsOn(node)
    return { ...equationOf(world, arrivals, yield* letters, yield* Clock.currentTimeMillis), documents }
  })
  const searchable = (atLeast: number) =>
    log.until(
      `${atLeast} are searchable`,
      Effect.map(equation, (counted) => counted.searchable >= atLeast),
    )
  const hurry = world.manager.setServiceRate(QUICK)
  const waybill = yield* startWaybill({ entry: "src/main.ts", configFile, logFile })

  return {
    ...log,
    world,
    letters,
    equation,
    searchable,
    /** The manager is no longer SLOW: what the test needed a middle for is over. */
    hurry,
    /**
     * Everything is searchable or dead, a stop is clean, and the equation holds. `documents`: how many there are, of
     * records; as many as are searchable when nothing below repeated itself.
     */
    endsWell: Effect.gen(function* () {
      yield* hurry
      yield* log.until(
        "every record is searchable or dead",
        Effect.map(equation, ({ lost }) => lost.length === 0),
      )
      yield* log.nextLine("poll.finished", () => true, 2)
      yield* waybill.stop
      assert.strictEqual(yield* waybill.exitCode, 0)
      // What a second send would have brought has had time to arrive.
      yield* Effect.sleep("800 millis")
      const end = yield* equation
      const wrong = [
        ...end.lost.map((name) => `${name} is lost`),
        ...end.twice.map((name) => `${name} was sent twice`),
        ...ahead,
      ]
      if (wrong.length > 0)
        assert.fail(
          `${wrong.slice(0, 20).join("\n")}\n${wrong.length} in all; the log ends with\n${yield* log.tail}`,
        )
      return end
    }),
  }
})

export type RealStage = Effect.Success<ReturnType<typeof makeRealStage>>

/** Plays a story on a stage of its own, on which `waybill run` has just been started. */
export const onRealStage = <E>(
  node: RealNode,
  options: RealStageOptions,
  story: (stage: RealStage) => Effect.Effect<void, E, FileSystem.FileSystem | Path.Path | Scope.Scope>,
) =>
  makeRealStage(node, options).pipe(Effect.flatMap(story), Effect.scoped, Effect.provide(NodeServices.layer))

/** The longest a test on it may take, milliseconds. */
export const REAL_TIMEOUT = 240_000
