/**
 * The manager of Wazuh 5 as far as events need it: `POST /events/enriched` on a unix socket, a queue in memory that
 * discards what it has no place for and everything at a stop, and documents for `wazuh-events-v5-other`.
 *
 * What a document looks like there depends on the decoders that are installed; this one puts an event's own JSON under
 * `decoded`.
 */
import { Clock, Duration, Effect, Option, Schema, type Scope } from "effect"
import {
  type FaultyHttpServer,
  json,
  listen,
  type Reply,
  type Request,
  text,
} from "../http/FaultyHttpServer.ts"
import type { IndexTarget } from "../shipper/IndexTarget.ts"

export interface Manager5Options {
  readonly socketPath: string
  readonly target: IndexTarget
  /** Events that its queue holds; 16,384 when absent. */
  readonly queueSize?: number
  /** Events a second that it works off; unlimited when absent. */
  readonly serviceRate?: number
}

export interface SimulatedManager5 extends FaultyHttpServer {
  /** Every event that was queued or discarded, in order, as it was received. */
  readonly received: ReadonlyArray<string>
  readonly queued: Effect.Effect<number>
  /** Discarded because the queue was full, or by a stop. */
  readonly discarded: Effect.Effect<number>
  /** Nothing is worked off; what comes in is queued until the queue is full. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** Answers the next requests so; the events are handed on only where `taken`. */
  readonly fault: (reply: Reply, taken: boolean, times?: number) => Effect.Effect<void>
  /** Refuses whole requests that hold an event with this text. */
  readonly refuse: (part: string) => Effect.Effect<void>
}

const HEADER = Schema.fromJsonString(
  Schema.Struct({
    wazuh: Schema.Struct({
      agent: Schema.Struct({ id: Schema.NonEmptyString, name: Schema.NonEmptyString }),
    }),
  }),
)
const isHeader = (line: string) =>
  line.startsWith("H ") && Option.isSome(Schema.decodeUnknownOption(HEADER)(line.slice(2)))
/** `E <queue>:<location>:<message>`, in the location `:` and `|` escaped with `|`. */
const EVENT = /^E ([^:]+):((?:[^:|]|\|.)*):(.*)$/su
const MAX_BODY = 10 * 1024 * 1024
const TICK = Duration.millis(5)

const parse = (message: string): unknown => {
  try {
    return JSON.parse(message)
  } catch {
    return undefined
  }
}

/** One line for the index, or `undefined` when no decoder takes the message. */
const lineOf = (event: string, now: number): string | undefined => {
  const [, queue, location, message = ""] = EVENT.exec(event) ?? []
  const decoded = parse(message)
  return decoded === undefined
    ? undefined
    : JSON.stringify({ "@timestamp": new Date(now).toISOString(), wazuh: { queue, location }, decoded })
}

export const makeSimulatedManager5 = Effect.fnUntraced(function* (
  options: Manager5Options,
): Effect.fn.Return<SimulatedManager5, never, Scope.Scope> {
  const received: Array<string> = []
  let queue: Array<string> = []
  let discarded = 0
  let paused = false
  let refused: string | undefined
  let faults: Array<{ readonly reply: Reply; readonly taken: boolean }> = []

  const take = (events: ReadonlyArray<string>) => {
    for (const event of events) {
      received.push(event)
      if (queue.length < (options.queueSize ?? 16_384)) queue.push(event)
      else discarded += 1
    }
  }

  const ingest = (request: Request): Reply => {
    if (request.method !== "POST" || request.path !== "/events/enriched") return text(404, "")
    if (Buffer.byteLength(request.body) > MAX_BODY) return text(413, "")
    const [header = "", ...events] = request.body.replace(/\n$/, "").split("\n")
    const part = refused
    const isBad = !isHeader(header) || events.some((event) => !EVENT.test(event))
    if (isBad || (part !== undefined && events.some((event) => event.includes(part))))
      return json(400, { error: "Invalid event batch", code: 400 })
    const fault = faults.shift()
    if (fault === undefined || fault.taken) take(events)
    return fault?.reply ?? text(200, "")
  }

  const server = yield* listen((request) => Effect.sync(() => ingest(request)), options.socketPath)
  yield* Effect.forkScoped(
    Effect.gen(function* () {
      const each =
        options.serviceRate === undefined ? Infinity : Math.max(1, Math.round(options.serviceRate / 200))
      while (true) {
        yield* Effect.sleep(TICK)
        if (paused) continue
        const batch = queue.slice(0, Math.min(each, 500))
        if (batch.length === 0) continue
        const now = yield* Clock.currentTimeMillis
        const lines = batch.flatMap((event) => lineOf(event, now) ?? [])
        if (lines.length === 0 || (yield* options.target.index(lines))) queue = queue.slice(batch.length)
      }
    }),
  )

  return {
    ...server,
    received,
    queued: Effect.sync(() => queue.length),
    discarded: Effect.sync(() => discarded),
    pause: Effect.sync(() => {
      paused = true
    }),
    resume: Effect.sync(() => {
      paused = false
    }),
    fault: (reply, taken, times = 1) =>
      Effect.sync(() => {
        faults = [...faults, ...Array.from({ length: times }, () => ({ reply, taken }))]
      }),
    refuse: (part) =>
      Effect.sync(() => {
        refused = part
      }),
    goDown: Effect.andThen(
      server.goDown,
      Effect.sync(() => {
        discarded += queue.length
        queue = []
      }),
    ),
  }
})
