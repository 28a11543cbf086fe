/**
 * The whole way at once: canaries go through the configured writer, and are searched for.
 *
 * Three, since one alone can't tell a chain that loses some from one that is closed. They are Waybill's own canaries, so
 * a running Waybill and the dashboard take them for what they are.
 */
import { randomUUID } from "node:crypto"
import { Clock, Duration, Effect, type FileSystem, type Layer, type Path } from "effect"
import type { Config } from "../config/Config.ts"
import { Indexer, type IndexerError } from "../indexer/Indexer.ts"
import type { IndexHistory } from "../indexer/IndexHistory.ts"
import { canaryJson } from "../verify/Canary.ts"
import { Writer, type WriterError } from "../writers/Writer.ts"
import { type Check, type Finding, fail, type Hop, inTwo, ok, skipped, warn } from "./Check.ts"

const CANARIES = 3
export const LOOK_EVERY = Duration.millis(500)
/** How long the others may take when the first has arrived: each shard is refreshed at its own moment. */
const STRAGGLERS = Duration.seconds(15)
/** Refresh, shipper and a busy manager make up to 15 seconds. */
const SLOW_MILLIS = 30_000
export const WRITE_WITHIN = Duration.seconds(30)

const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

export interface Sighting {
  /** Documents found when the search ended. */
  readonly found: number
  /** From the write to the first of them; undefined when none came. */
  readonly lagMillis: number | undefined
  readonly waitedMillis: number
}

/** Pure. */
export const judgeCanary = ({ found, lagMillis, waitedMillis }: Sighting): Finding => {
  if (lagMillis === undefined)
    return fail(
      `${CANARIES} canaries were written, and none is searchable after ${seconds(waitedMillis)}.`,
      "If all before this is ok: restart the manager if decoder or rules are newer than its start (it reads them only then), and look between manager and indexer: ossec.log, alerts.json and Filebeat (filebeat test output) on the manager. If the chain is just slow, give --wait more seconds.",
    )
  const said = `searchable ${seconds(lagMillis)} after the write`
  if (found < CANARIES)
    return warn(
      `${found} of ${CANARIES} canaries are ${said}; the others are not there after ${seconds(waitedMillis)}.`,
      "Something on the way loses events: look at `Input queue is full` in the manager's ossec.log, and at the indexer's log.",
    )
  if (found > CANARIES)
    return warn(
      `${CANARIES} canaries became ${found} documents.`,
      "Something on the way indexes twice: look for two Filebeats, or for one that lost its registry.",
    )
  return lagMillis > SLOW_MILLIS
    ? warn(
        `A canary is ${said}: slow.`,
        "Look at the load of manager and indexer, and at refresh_interval of the alerts' template.",
      )
    : ok(`${CANARIES} canaries are ${said}.`)
}

const look = (ids: ReadonlyArray<string>, writtenAt: number, skew: number) =>
  Effect.flatMap(Indexer, (indexer) => indexer.count({ ids, since: writtenAt - skew }))

/** @param atMost how long to look @param clockSkew `verify.clock_skew` */
export const sight = Effect.fnUntraced(function* (atMost: Duration.Duration, clockSkew: Duration.Duration) {
  const writer = yield* Writer
  const batch = `check-${randomUUID()}`
  const ids = Array.from({ length: CANARIES }, (_, n) => `${batch}-${n}`)
  const startedAt = yield* Clock.currentTimeMillis
  const attempt = { batch, attempt: 1, sentAt: new Date(startedAt).toISOString() }
  yield* writer.write(ids.map((id) => canaryJson(id, attempt)))
  const writtenAt = yield* Clock.currentTimeMillis
  let until = writtenAt + Duration.toMillis(atMost)
  let lagMillis: number | undefined
  while (true) {
    const found = yield* look(ids, startedAt, Duration.toMillis(clockSkew))
    const now = yield* Clock.currentTimeMillis
    if (found > 0 && lagMillis === undefined) {
      lagMillis = now - writtenAt
      until = Math.min(until, now + Duration.toMillis(STRAGGLERS))
    }
    if (found >= CANARIES || now >= until) return { found, lagMillis, waitedMillis: now - writtenAt }
    yield* Effect.sleep(LOOK_EVERY)
  }
})

export const explained = ({ message }: WriterError | IndexerError): Finding => {
  const [what, advice] = inTwo(message)
  return fail(what, advice)
}

export interface CanaryOptions {
  readonly atMost: Duration.Duration
  readonly needs: ReadonlyArray<Hop>
  /** Brings the writer and the indexer, as configured. */
  readonly chain: Layer.Layer<
    Writer | Indexer | IndexHistory,
    { readonly message: string },
    FileSystem.FileSystem | Path.Path
  >
}

const run = ({ atMost, chain }: CanaryOptions, { verify }: Config) =>
  sight(atMost, verify.clock_skew).pipe(
    Effect.map(judgeCanary),
    Effect.catch((error) => Effect.succeed(explained(error))),
    Effect.timeoutOrElse({
      duration: Duration.sum(atMost, WRITE_WITHIN),
      orElse: () =>
        Effect.succeed(
          fail(
            "The canaries could not be handed over in time.",
            "The writer waits for the manager: its queue is full, or its limit of requests is used up.",
          ),
        ),
    }),
    Effect.provide(chain),
    Effect.catch(({ message }) => Effect.succeed(fail(...inTwo(message)))),
  )

/** @param options undefined: nobody wants one */
export const canaryCheck = (
  config: Config,
  options: CanaryOptions | undefined,
): Check<FileSystem.FileSystem | Path.Path> => {
  const needs = options?.needs ?? []
  if (options === undefined)
    return { hop: "canary", needs, run: Effect.succeed(skipped("Left out by --no-canary.")) }
  if (config.verify.mode === "off")
    return {
      hop: "canary",
      needs,
      run: Effect.succeed(skipped("verify.mode is off: it could not be searched for.")),
    }
  return { hop: "canary", needs, run: run(options, config) }
}
