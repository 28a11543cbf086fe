/** The admin API on a real port, over parts that a test turns as it likes. */
import { NodeServices } from "@effect/platform-node"
import { Duration, Effect, Layer, Result, Stream } from "effect"
import { HttpServer } from "effect/http"
import { layerServer } from "../../src/admin/server.ts"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import * as MemoryCheckpoints from "../../src/checkpoints/MemoryCheckpoints.ts"
import type { Config } from "../../src/config/Config.ts"
import type { ConfigInvalid } from "../../src/config/ConfigInvalid.ts"
import * as Configuration from "../../src/config/Configuration.ts"
import * as LiveConfiguration from "../../src/config/LiveConfiguration.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import * as MemoryDeadLetters from "../../src/dead-letters/MemoryDeadLetters.ts"
import { Stop } from "../../src/pipeline/Stop.ts"
import { Receipts, type ReceiptsShape } from "../../src/receipts/Receipts.ts"
import { Replay, type ReplayRefused, type ReplayReport, type ReplayRequest } from "../../src/replay/Replay.ts"
import { type Feed, Feeds } from "../../src/sources/Source.ts"
import * as RunStatus from "../../src/status/RunStatus.ts"
import { ProcessFigures } from "../../src/telemetry/ProcessFigures.ts"
import { Verifier, type VerifierStatus } from "../../src/verify/Verifier.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"
import { shownLevel } from "../support/shownLevel.ts"
import { type Ask, send } from "./http.ts"

export const TOKEN = "a-token-that-nobody-guesses"
export const FLOWS = "firewalla-msp/flows"
export const ALARMS = "firewalla-msp/alarms"

export interface StageAsk extends Ask {
  /** The stage's own when absent; none when null. */
  readonly token?: string | null
}

const feed = (name: string): Feed => ({
  name,
  eventType: "flow",
  interval: () => Duration.minutes(5),
  poll: () => Stream.empty,
})

const QUIET: VerifierStatus = {
  batches: 0,
  events: 0,
  oldestWrittenAt: undefined,
  lagMillis: undefined,
  indexer: "available",
  stalled: undefined,
  lost: 0,
  duplicated: 0,
}

export interface StageOptions {
  /** `null`: the API has none. */
  readonly token?: string | null
  readonly admin?: Readonly<Record<string, string | number>>
  readonly replay?: Replaying
  readonly letters?: Layer.Layer<DeadLetters>
  readonly mode?: "always" | "startup-only" | "off"
  readonly receipts?: ReceiptsShape
  /** What a reload reads; what it had at the start when absent. */
  readonly load?: Effect.Effect<Config, ConfigInvalid>
}

export const NOTHING_REPLAYED: ReplayReport = {
  counts: { taken: 0, delivered: 0, known: 0, failed: 0, left: 0 },
  failures: [],
  complete: true,
  error: undefined,
}

type Replaying = (request: ReplayRequest) => Effect.Effect<ReplayReport, ReplayRefused>

const parts = (
  {
    admin,
    letters = MemoryDeadLetters.layer(),
    load,
    mode = "always",
    receipts,
    replay = () => Effect.succeed(NOTHING_REPLAYED),
    token = TOKEN,
  }: StageOptions,
  verifier: () => VerifierStatus,
) => {
  const config = configFrom({
    source: { firewalla: { domain: "a.example", token: "msp-secret" } },
    indexer: { username: "u", password: "indexer-secret" },
    verify: { mode },
    admin: { port: 0, ...(token === null ? {} : { token }), ...admin },
  })
  const started = Result.getOrThrow(config)
  const configured = Configuration.layerOf(started)
  const level = shownLevel()
  return Layer.mergeAll(
    configured,
    level,
    LiveConfiguration.layer(load ?? Effect.succeed(started)).pipe(Layer.provide([configured, level])),
    Layer.succeed(Feeds, [feed(FLOWS), feed(ALARMS)]),
    Layer.succeed(
      Verifier,
      Verifier.of({
        confirm: () => Effect.never,
        known: () => Effect.never,
        status: Effect.sync(verifier),
        watch: Effect.never,
      }),
    ),
    letters,
    Layer.succeed(Replay, {
      replay,
      status: Effect.succeed({ running: undefined, last: undefined }),
      serve: Effect.never,
    }),
    receipts === undefined ? Layer.empty : Layer.succeed(Receipts, receipts),
    MemoryCheckpoints.layer,
    RunStatus.layer,
    Stop.layer,
    ProcessFigures.layer,
  )
}

/** What a test has in its hands. */
export const makeStage = Effect.fnUntraced(function* (options: StageOptions = {}) {
  let verifying = QUIET
  const logs: Array<LogLine> = []
  const context = yield* Layer.build(
    layerServer.pipe(
      Layer.provideMerge(parts(options, () => verifying)),
      Layer.provideMerge(NodeServices.layer),
      Layer.provide(recordLogs(logs)),
    ),
  )
  const { stage } = yield* Effect.gen(function* () {
    const http = yield* HttpServer.HttpServer
    const letters = yield* DeadLetters
    const status = yield* RunStatus.RunStatus
    const stop = yield* Stop
    const checkpoints = yield* Checkpoints
    return { stage: { checkpoints, http, letters, status, stop } }
  }).pipe(Effect.provideContext(context))
  const port = "port" in stage.http.address ? Number(stage.http.address.port) : 0
  const token = options.token === undefined ? TOKEN : options.token
  return {
    ...stage,
    port,
    logs,
    verifier: (status: Partial<VerifierStatus>) =>
      Effect.sync(() => {
        verifying = { ...QUIET, ...status }
      }),
    ask: (path: string, ask: StageAsk = {}) => {
      const sent = ask.token === undefined ? token : ask.token
      const authorization = sent === null ? {} : { authorization: `Bearer ${sent}` }
      return send(port, path, { ...ask, headers: { ...authorization, ...ask.headers } })
    },
  }
})
