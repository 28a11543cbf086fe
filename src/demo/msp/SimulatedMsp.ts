/**
 * The Firewalla MSP API v2 on 127.0.0.1: flows, alarms, devices and boxes, with the traps of the real one.
 *
 * Its end of pages is told in three ways in turn (`null`, `""`, absent), ids and types change between number and
 * string, and a 401 has a body of its own. Records are made per request from their number (see `records.ts`).
 */
import { Clock, Duration, Effect, Schedule, type Scope } from "effect"
import {
  type FaultyHttpServer,
  json,
  listen,
  type Reply,
  type Request,
  text,
} from "../http/FaultyHttpServer.ts"
import { type Endpoint, type MspFault, makeFaultPlan, type PlannedFault } from "./faults.ts"
import { decodeCursor, encodeCursor, limitOf, rangeOf } from "./query.ts"
import { alarmAt, BOX, type Device, deviceAt, flowAt } from "./records.ts"
import { makeTimeline, type Timeline } from "./Timeline.ts"

export interface MspOptions {
  readonly token: string
  readonly seed: number
  readonly flows: { readonly count: number; readonly span: Duration.Input; readonly endsAt: number }
  readonly alarms: { readonly count: number; readonly span: Duration.Input; readonly endsAt: number }
  readonly devices: number
}

export interface MspRequests {
  readonly total: number
  readonly byEndpoint: Readonly<Record<Endpoint, number>>
  readonly unauthorized: number
  readonly faults: number
  /** Records handed out, counting those handed out twice twice. */
  readonly records: number
}

export interface SimulatedMsp {
  /** `http://127.0.0.1:<port>`; the paths below it are `/v2/flows` and so on. */
  readonly url: string
  readonly flows: Timeline
  readonly alarms: Timeline
  readonly inject: (fault: PlannedFault) => Effect.Effect<void>
  readonly clearFaults: Effect.Effect<void>
  /** How long each answer takes. */
  readonly setLatency: (latency: Duration.Input) => Effect.Effect<void>
  /** Requests with another token get 401. */
  readonly setToken: (token: string) => Effect.Effect<void>
  /** New flows (or alarms) of the present, evenly, until the scope closes. */
  readonly goLive: (kind: "flows" | "alarms", perSecond: number) => Effect.Effect<void, never, Scope.Scope>
  readonly editDevices: (
    edit: (devices: ReadonlyArray<Device>) => ReadonlyArray<Device>,
  ) => Effect.Effect<void>
  readonly requests: Effect.Effect<MspRequests>
  readonly goDown: FaultyHttpServer["goDown"]
  readonly comeBack: FaultyHttpServer["comeBack"]
}

const LIVE_TICK = Duration.millis(50)
const ENDS: ReadonlyArray<Record<string, unknown>> = [{ next_cursor: null }, { next_cursor: "" }, {}]

const spoiled = (fault: MspFault, body: unknown): Reply | undefined => {
  switch (fault.kind) {
    case "status": {
      const after = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter }
      return fault.body === undefined
        ? json(fault.status, { code: fault.status, message: "The simulator was told to fail" }, after)
        : text(fault.status, fault.body, "text/plain", after)
    }
    case "hang":
      return { _tag: "Hang" }
    case "hang-up":
      return { _tag: "HangUp" }
    case "truncate":
      return { _tag: "Truncated", body: JSON.stringify(body) }
    case "html":
      return text(200, "<!doctype html><title>Sign in</title><p>Please sign in", "text/html")
    default:
      return undefined
  }
}

export const makeSimulatedMsp = Effect.fnUntraced(function* (
  options: MspOptions,
): Effect.fn.Return<SimulatedMsp, never, Scope.Scope> {
  const timeline = (of: MspOptions["flows"], seed: number) =>
    makeTimeline({ count: of.count, spanMillis: Duration.toMillis(of.span), endsAt: of.endsAt, seed })
  const flows = timeline(options.flows, options.seed)
  const alarms = timeline(options.alarms, options.seed + 1)
  const faults = makeFaultPlan()
  const counts = {
    total: 0,
    unauthorized: 0,
    faults: 0,
    records: 0,
    flows: 0,
    alarms: 0,
    devices: 0,
    boxes: 0,
  }
  let token = options.token
  let latency = Duration.zero
  let listings = 0
  const startedAt = yield* Clock.currentTimeMillis
  let devices: ReadonlyArray<Device> = Array.from({ length: options.devices }, (_, i) =>
    deviceAt(i + 1, Math.floor(startedAt / 1000)),
  )

  const listing = (kind: "flows" | "alarms", params: URLSearchParams, nowMillis: number): Reply => {
    const given = params.get("cursor")
    const cursor = given === null || given === "" ? undefined : decodeCursor(given)
    if (given !== null && given !== "" && cursor === undefined) {
      return json(400, { code: 400, message: "Invalid cursor" })
    }
    const series = kind === "flows" ? flows : alarms
    const make = kind === "flows" ? flowAt : alarmAt
    const limit = limitOf(params)
    const page = cursor?.page ?? 1
    const found = series.numbers(rangeOf(params, kind, nowMillis / 1000), cursor?.start, limit)
    const shown = found.slice(0, limit)
    const next = found[limit]
    const fault = faults.take(kind, page, next === undefined)
    if (fault !== undefined) counts.faults += 1

    const results = shown.map((i) => make(options.seed, i, series.timeOf(i)))
    const [first] = results
    if (fault?.kind === "bad-record" && first !== undefined) results[0] = { ...first, ts: "yesterday" }
    const nextStart = fault?.kind === "duplicate-last" ? (shown.at(-1) ?? next) : next
    const repeated = given ?? encodeCursor({ start: shown[0] ?? 0, page })
    const end =
      fault?.kind === "repeat-cursor"
        ? { next_cursor: repeated }
        : next === undefined || nextStart === undefined
          ? ENDS[listings++ % ENDS.length]
          : { next_cursor: encodeCursor({ start: nextStart, page: page + 1 }) }
    const body = { count: results.length, results, ...end }
    const instead = fault === undefined ? undefined : spoiled(fault, body)
    if (instead === undefined) counts.records += results.length
    return instead ?? json(200, body)
  }

  const inventory = (kind: "devices" | "boxes"): Reply => {
    const body = kind === "devices" ? devices : [{ ...BOX, deviceCount: devices.length }]
    const fault = faults.take(kind, 1, true)
    if (fault !== undefined) counts.faults += 1
    return (fault === undefined ? undefined : spoiled(fault, body)) ?? json(200, body)
  }

  const handle = Effect.fnUntraced(function* (request: Request): Effect.fn.Return<Reply> {
    counts.total += 1
    if (Duration.toMillis(latency) > 0) yield* Effect.sleep(latency)
    if (request.headers.authorization !== `Token ${token}`) {
      counts.unauthorized += 1
      return json(401, { code: 401, message: "Invalid token" })
    }
    const kind = request.path.replace(/^\/v2\//, "")
    if (request.method !== "GET") return json(404, { code: 404, message: "Not found" })
    switch (kind) {
      case "flows":
      case "alarms":
        counts[kind] += 1
        return listing(kind, request.query, yield* Clock.currentTimeMillis)
      case "devices":
      case "boxes":
        counts[kind] += 1
        return inventory(kind)
      default:
        return json(404, { code: 404, message: "Not found" })
    }
  })

  const server = yield* listen(handle)

  const goLive = Effect.fnUntraced(function* (kind: "flows" | "alarms", perSecond: number) {
    const series = kind === "flows" ? flows : alarms
    const from = yield* Clock.currentTimeMillis
    let added = 0
    yield* Effect.forkScoped(
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        for (; added < ((now - from) / 1000) * perSecond; added++) series.append(now)
      }).pipe(Effect.repeat(Schedule.spaced(LIVE_TICK))),
    )
  })

  return {
    url: server.url,
    flows,
    alarms,
    inject: (fault) => Effect.sync(() => faults.plan(fault)),
    clearFaults: Effect.sync(faults.clear),
    setLatency: (next) =>
      Effect.sync(() => {
        latency = Duration.fromInputUnsafe(next)
      }),
    setToken: (next) =>
      Effect.sync(() => {
        token = next
      }),
    goLive,
    editDevices: (edit) =>
      Effect.sync(() => {
        devices = edit(devices)
      }),
    requests: Effect.sync(() => ({
      total: counts.total,
      unauthorized: counts.unauthorized,
      faults: counts.faults,
      records: counts.records,
      byEndpoint: {
        flows: counts.flows,
        alarms: counts.alarms,
        devices: counts.devices,
        boxes: counts.boxes,
      },
    })),
    goDown: server.goDown,
    comeBack: server.comeBack,
  }
})
