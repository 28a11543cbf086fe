/** What each address of the collector does. */
import { Clock, Effect, Result, Schema } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { DeadLetters } from "../../dead-letters/DeadLetters.ts"
import { Stop } from "../../pipeline/Stop.ts"
import { count } from "../../telemetry/metric.ts"
import { METRICS } from "../../telemetry/metrics.ts"
import { type BodyLimits, makeBodyReader } from "./body.ts"
import { eventChunks, rawChunks } from "./chunks.ts"
import { type Metadata, readTime } from "./records.ts"
import * as Replies from "./replies.ts"
import { Spool } from "./Spool.ts"
import { authorizing, channelOf, type Sender } from "./tokens.ts"

export interface EndpointOptions extends BodyLimits {
  /** Asked at each request: tokens may change while Waybill runs, and the names may not. */
  readonly senders: () => ReadonlyArray<Sender>
  readonly retryAfterSeconds: number
}

type Request = HttpServerRequest.HttpServerRequest

const decodeAcks = Schema.decodeUnknownResult(
  Schema.fromJsonString(Schema.Struct({ acks: Schema.Array(Schema.Int) })),
)

const queryOf = ({ url }: Request): URLSearchParams => {
  const at = url.indexOf("?")
  return new URLSearchParams(at === -1 ? "" : url.slice(at + 1))
}

/** What the query string says of every event of the request. */
const defaultsIn = (
  query: URLSearchParams,
  { sourceType }: Sender,
): Result.Result<Metadata, Replies.Reply> => {
  const said = (key: string) => query.get(key) || undefined
  const [host, source, index] = [said("host"), said("source"), said("index")]
  const time = readTime(said("time"))
  if (said("time") !== undefined && time === undefined) return Result.fail(Replies.invalidDataFormat)
  return Result.succeed({
    sourcetype: said("sourcetype") ?? sourceType,
    ...(host !== undefined && { host }),
    ...(source !== undefined && { source }),
    ...(index !== undefined && { index }),
    ...(time !== undefined && { time }),
  })
}

export const makeEndpoints = Effect.fnUntraced(function* (options: EndpointOptions) {
  const spool = yield* Spool
  const stop = yield* Stop
  const letters = yield* DeadLetters
  const readBody = yield* makeBodyReader(options)
  const authorize = authorizing(options.senders)

  const encode = ({ status, body, comeBack }: Replies.Reply): HttpServerResponse.HttpServerResponse =>
    HttpServerResponse.text(JSON.stringify(body), {
      status,
      contentType: "application/json; charset=UTF-8",
      headers: {
        ...(comeBack === true && { "retry-after": String(options.retryAfterSeconds) }),
        ...(status === 401 && { "www-authenticate": 'Basic realm="waybill"' }),
      },
    })

  /** Who sends, and in which channel. */
  const identify = (request: Request, query: URLSearchParams, needsChannel: (sender: Sender) => boolean) =>
    Effect.gen(function* () {
      const sender = yield* Effect.fromResult(authorize(request.headers.authorization, query.has("token")))
      const named = request.headers["x-splunk-request-channel"] ?? query.get("channel") ?? undefined
      return { sender, channel: yield* Effect.fromResult(channelOf(named, needsChannel(sender))) }
    })

  const accept = (chunk: typeof eventChunks | typeof rawChunks) =>
    Effect.fnUntraced(function* (request: Request) {
      if (yield* stop.isRequested) return Replies.shuttingDown
      const query = queryOf(request)
      const { channel, sender } = yield* identify(request, query, ({ ack }) => ack === "required")
      if (spool.isFull()) return Replies.serverIsBusy
      const defaults = yield* Effect.fromResult(defaultsIn(query, sender))
      const text = yield* readBody(request)
      const { reading } = yield* letters.stats
      const waits = (id: string) => (reading ? undefined : letters.has(id))
      const chunks = yield* Effect.fromResult(chunk(text, sender, defaults, waits))
      const ackId = yield* spool
        .append({
          sender: sender.name,
          receivedAt: yield* Clock.currentTimeMillis,
          defaults,
          chunks,
          channel: sender.ack === "off" ? undefined : channel,
        })
        .pipe(
          Effect.mapError((error) =>
            error._tag === "PushTooLarge" ? Replies.tooMuch(error.message) : Replies.serverIsBusy,
          ),
        )
      return Replies.accepted(ackId)
    })

  const ack = Effect.fnUntraced(function* (request: Request) {
    const { channel, sender } = yield* identify(request, queryOf(request), () => true)
    if (sender.ack === "off") return Replies.ackIsDisabled
    const body = decodeAcks(yield* readBody(request))
    if (Result.isFailure(body) || channel === undefined) return Replies.invalidDataFormat
    const acks = yield* spool.acks(sender.name, channel, body.success.acks)
    return { status: 200, body: { acks: Object.fromEntries(acks) } } satisfies Replies.Reply
  })

  const health = Effect.gen(function* () {
    if (yield* stop.isRequested) return Replies.shuttingDown
    return spool.isFull() ? Replies.queuesAreFull : Replies.healthy
  })

  /** A refusal is an answer like any other. */
  const answering = <R>(handle: Effect.Effect<Replies.Reply, Replies.Reply, R>) =>
    handle.pipe(
      Effect.catch((refusal) => Effect.succeed(refusal)),
      Effect.tap(({ body, status }) => count(METRICS.hecRequests, { code: String(body.code ?? status) })),
      Effect.map(encode),
    )

  return {
    event: (request: Request) => answering(accept(eventChunks)(request)),
    raw: (request: Request) => answering(accept(rawChunks)(request)),
    ack: (request: Request) => answering(ack(request)),
    health: answering(health),
    notFound: Effect.succeed(encode(Replies.notFound)),
  }
})
