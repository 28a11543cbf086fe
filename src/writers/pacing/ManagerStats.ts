/**
 * How full analysisd's decode queue is at this instant, from the `getstats` of `queue/sockets/analysis`.
 *
 * The answer is built by asys_create_state_json in src/analysisd/state.c. Collected logs, and so Waybill's events,
 * go through the queue `others`, and count as `logcollector … others` where they are dropped.
 */
import { type Duration, Effect, Schema } from "effect"
import { ask, ManagerSocketError } from "./managerSocket.ts"

export interface ManagerStats {
  /** Places of the decode queue; 16,384 unless `analysisd.decode_event_queue_size` says otherwise. */
  readonly size: number
  /** Its usage, 0 to 1. */
  readonly usage: number
  /** Collected logs dropped since analysisd started, whoever sent them. */
  readonly dropped: number
  /** When analysisd started, epoch seconds: what it calls `uptime` (set in main of src/analysisd/analysisd.c). */
  readonly startedAt: number
}

/** Reads the statistics once. */
export type ReadManagerStats = Effect.Effect<ManagerStats, ManagerSocketError>

const REQUEST = { version: 1, origin: { module: "waybill" }, command: "getstats", parameters: {} }
/** An answer has some 8 KB. */
const MAX_ANSWER_BYTES = 1024 * 1024

const dropped = Schema.Struct({
  modules_breakdown: Schema.optionalKey(
    Schema.Struct({
      logcollector_breakdown: Schema.optionalKey(
        Schema.Struct({ others: Schema.optionalKey(Schema.Number) }),
      ),
    }),
  ),
})

// Lenient: of some 200 numbers only what is needed here, and a counter that is missing counts as 0.
const Answer = Schema.Struct({
  error: Schema.Number,
  message: Schema.optionalKey(Schema.String),
  data: Schema.optionalKey(Schema.Unknown),
})
const Data = Schema.Struct({
  uptime: Schema.optionalKey(Schema.Number),
  metrics: Schema.Struct({
    events: Schema.optionalKey(
      Schema.Struct({
        received_breakdown: Schema.optionalKey(
          Schema.Struct({ dropped_breakdown: Schema.optionalKey(dropped) }),
        ),
      }),
    ),
    queues: Schema.Struct({
      others: Schema.Struct({
        size: Schema.Number.check(Schema.isGreaterThan(0)),
        usage: Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
      }),
    }),
  }),
})

const decodeAnswer = Schema.decodeUnknownEffect(Schema.fromJsonString(Answer))
const decodeData = Schema.decodeUnknownEffect(Data)

/** The statistics in the text of an answer; `path` goes into the error's message. */
export const decodeStats = Effect.fnUntraced(function* (
  text: string,
  path: string,
): Effect.fn.Return<ManagerStats, ManagerSocketError> {
  const invalid = (what: string) => new ManagerSocketError({ reason: "invalid", message: `${path}: ${what}` })
  const answer = yield* Effect.mapError(decodeAnswer(text), (issue) =>
    invalid(`answered no getstats: ${issue.message}`),
  )
  if (answer.error !== 0) {
    return yield* invalid(`answered error ${answer.error}: ${answer.message ?? "without a message"}`)
  }
  const { metrics, uptime } = yield* Effect.mapError(decodeData(answer.data), (issue) =>
    invalid(`answered other statistics than known: ${issue.message}`),
  )
  const lost = metrics.events?.received_breakdown?.dropped_breakdown?.modules_breakdown
  return {
    size: metrics.queues.others.size,
    usage: metrics.queues.others.usage,
    dropped: lost?.logcollector_breakdown?.others ?? 0,
    startedAt: uptime ?? 0,
  }
})

/** Asks the analysisd that listens at `path`, e.g. `/var/ossec/queue/sockets/analysis`. */
export const readManagerStats = (path: string, timeout: Duration.Input): ReadManagerStats =>
  Effect.flatMap(ask({ path, body: REQUEST, timeout, maxBytes: MAX_ANSWER_BYTES }), (text) =>
    decodeStats(text, path),
  )
