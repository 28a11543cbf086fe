/** `waybill run` that takes pushed events, beside the simulated chain, and what senders do to it. */
import path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { Effect, FileSystem, Schedule } from "effect"
import { Pool } from "undici"
import { valueAt } from "../../src/demo/indexer/document.ts"
import { startWaybill } from "../../src/demo/WaybillProcess.ts"
import { makeWorld, type WorldOptions } from "../../src/demo/World.ts"
import { writeWaybillConfig } from "../../src/demo/waybillConfig.ts"
import { holdToLedger } from "./ledger.ts"

export const TOKEN = "bench-token"
/** Every pushed event says its own, wherever in it that is. */
const SERIAL = /serial=([\w-]+)/
export const COLLECTOR = "/services/collector/event"

export interface PushStageOptions extends WorldOptions {
  readonly set?: Readonly<Record<string, string | number | boolean>>
  /** What runs Waybill: the source when absent, or the bundle. */
  readonly entry?: string
}

/** A world without a portal, and Waybill with one sender, `main`. It is not started. */
export const makePushStage = Effect.fnUntraced(function* (options: PushStageOptions) {
  const fs = yield* FileSystem.FileSystem
  const world = yield* makeWorld(options)
  yield* world.manager.start
  const spool = path.join(world.folder, "hec")
  /** The same file at every call, with these settings beside what is always set. */
  const configure = (set: PushStageOptions["set"] = {}) =>
    writeWaybillConfig(world, {
      set: {
        "source.firewalla.feeds.alarms.enabled": false,
        "source.firewalla.feeds.flows.enabled": false,
        "source.firewalla.feeds.devices.enabled": false,
        "source.hec.enabled": true,
        "source.hec.port": 0,
        "source.hec.spool.path": spool,
        "source.hec.tokens.main.token": TOKEN,
        "admin.enabled": false,
        ...set,
      },
    })
  const configFile = yield* configure(options.set)
  const logFile = path.join(world.folder, "waybill.log")
  yield* holdToLedger(logFile)
  let begun = 0
  const log = fs.readFileString(logFile).pipe(Effect.orElseSucceed(() => ""))

  /** Starts it and waits until it listens; with the origin that it listens at. */
  const start = Effect.gen(function* () {
    begun += 1
    const waybill = yield* startWaybill({ entry: options.entry ?? "src/main.ts", configFile, logFile })
    const origin = yield* log.pipe(
      Effect.map((text) => [...text.matchAll(/"url":"(http:\/\/[^/]+)\/services\/collector"/g)]),
      Effect.repeat({ until: (found) => found.length >= begun, schedule: Schedule.spaced("50 millis") }),
      Effect.timeout("60 seconds"),
      Effect.map((found) => found.at(-1)?.[1] ?? ""),
    )
    return { ...waybill, origin }
  })
  /** The number of the last record that the checkpoint has passed. */
  const settled = fs.readFileString(path.join(world.folder, "state", "hec.main.json")).pipe(
    Effect.map((text) => Number(/"up_to":\s*(\d+)/.exec(text)?.[1] ?? 0)),
    Effect.orElseSucceed(() => 0),
  )
  /** How often each serial is searchable by now; needs `indexer.keepDocuments`. */
  const arrivals = (now: number): ReadonlyMap<string, number> => {
    const found = new Map<string, number>()
    const { source = [], visibleAt = [] } = world.indexer?.store.columns ?? {}
    for (const [row, document] of source.entries()) {
      const serial = SERIAL.exec(JSON.stringify(valueAt(document, ["data", "hec"])) ?? "")?.[1]
      if (serial !== undefined && (visibleAt[row] ?? Infinity) <= now)
        found.set(serial, (found.get(serial) ?? 0) + 1)
    }
    return found
  }
  /** What the process has in memory at this instant, in megabytes. */
  const memoryOf = (pid: number) =>
    fs.readFileString(`/proc/${pid}/status`).pipe(
      Effect.map((status) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024),
      Effect.orElseSucceed(() => 0),
    )
  return {
    world,
    configure,
    start,
    log,
    settled,
    arrivals,
    memoryOf,
    spoolFile: path.join(spool, "spool.db"),
    folder: world.folder,
  }
})

export type PushStage = Effect.Success<ReturnType<typeof makePushStage>>

/** Records that wait in a spool that nobody has open. */
export const waitingIn = (file: string): number => {
  const db = new DatabaseSync(file)
  const row = db.prepare("SELECT coalesce(sum(count), 0) AS events FROM chunks").get()
  db.close()
  return Number(row?.events ?? 0)
}

export interface PushOptions {
  readonly origin: string
  readonly connections: number
  readonly requests: number
  /** The body of the nth request. */
  readonly body: (n: number) => string
  /** The time between the begins of two requests, milliseconds; as fast as they are answered when absent. */
  readonly every?: number
  /** Ends it early. */
  readonly signal?: AbortSignal
  /** Told of each request as it is answered; without a status where it was not. */
  readonly answered?: (n: number, status: number | undefined) => void
}

export interface Pushed {
  readonly seconds: number
  /** Of each request that was answered, milliseconds; sorted. */
  readonly took: ReadonlyArray<number>
  /** The numbers of the requests that were answered 200. */
  readonly accepted: ReadonlyArray<number>
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  readonly withRetryAfter: number
}

/** Sends requests over several connections, each once. */
export const push = async ({
  origin,
  connections,
  requests,
  body,
  every,
  signal,
  answered,
}: PushOptions): Promise<Pushed> => {
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const took: Array<number> = []
  const accepted: Array<number> = []
  const statuses: Record<string, number> = {}
  let withRetryAfter = 0
  let next = 0
  const startedAt = performance.now()
  const sender = async (): Promise<void> => {
    for (let n = next++; n < requests && signal?.aborted !== true; n = next++) {
      if (every !== undefined) await sleep(Math.max(0, startedAt + n * every - performance.now()))
      const sentAt = performance.now()
      try {
        const reply = await pool.request({
          path: COLLECTOR,
          method: "POST",
          headers: { authorization: `Splunk ${TOKEN}` },
          body: body(n),
        })
        await reply.body.dump()
        statuses[reply.statusCode] = (statuses[reply.statusCode] ?? 0) + 1
        answered?.(n, reply.statusCode)
        if (reply.statusCode === 200) accepted.push(n)
        if (reply.headers["retry-after"] !== undefined) withRetryAfter += 1
        took.push(performance.now() - sentAt)
      } catch {
        answered?.(n, undefined)
        statuses.none = (statuses.none ?? 0) + 1
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, sender))
  const seconds = (performance.now() - startedAt) / 1000
  await pool.destroy()
  return { seconds, took: took.sort((a, b) => a - b), accepted, statuses, withRetryAfter }
}

/** As an access log has them, some 300 bytes each, every one different. */
export const eventsOf = (request: number, count: number): string => {
  let body = ""
  for (let i = 0; i < count; i++) {
    const serial = request * count + i
    body += JSON.stringify({
      time: 1_771_787_584 + serial / 1000,
      host: `web-${serial % 20}`,
      source: "/var/log/nginx/access.json",
      sourcetype: "nginx",
      event: {
        serial: `serial=${serial}`,
        remote_addr: `198.51.100.${serial % 250}`,
        request: { method: "GET", path: `/articles/${serial % 5000}?page=${serial % 7}` },
        status: serial % 17 === 0 ? 404 : 200,
        bytes: (serial * 7919) % 100_000,
        agent: "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0",
      },
    })
  }
  return body
}
