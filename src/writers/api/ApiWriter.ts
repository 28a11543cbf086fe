/**
 * The writer for the manager's API: `POST /events`, at most 100 events a request and some 30 requests a minute.
 *
 * The API hands the events to the same socket as the socket writer, so all that is said there about proofs holds
 * here, with one difference. A request whose answer never came may have been taken, or be taken later: such events
 * count as written where they are searched for afterwards (`doubtfulIsTaken`), and are sent again where they aren't.
 */
import { readFile } from "node:fs/promises"
import { Effect, Layer, type Redacted, Semaphore } from "effect"
import { HttpClientRequest } from "effect/http"
import { MAX_MESSAGE_BYTES } from "../../domain/Event.ts"
import type { RetrySettings } from "../../retry/decide.ts"
import { makeRateLimit } from "../../retry/RateLimit.ts"
import { retrying } from "../../retry/retrying.ts"
import * as Log from "../../telemetry/log.ts"
import { failureOf, makeExchange, type NotAnswered } from "../http/Exchange.ts"
import { InvalidWriterOptions, Writer, WriterError } from "../Writer.ts"
import { explainNotAnswered } from "./failures.ts"
import { type Failed, type Meaning, meaningOf } from "./reply.ts"
import { LoginFailed, makeSession, REFUSED_PAUSE_MILLIS } from "./Session.ts"

export interface ApiWriterOptions {
  /** `https://host:55000`, without a slash at its end. */
  readonly url: string
  readonly username: string
  readonly password: Redacted.Redacted
  /** PEM file; without it the CAs that Node knows are trusted. */
  readonly caFile?: string | undefined
  /** The name to expect in the certificate, in place of the URL's host. */
  readonly serverName?: string | undefined
  /** False accepts any certificate. Whoever sets it warns about it. */
  readonly verifyTls?: boolean | undefined
  /** Asked at each request: it may change while it runs. */
  readonly requestsPerMinute: () => number
  /** At most 100. */
  readonly eventsPerRequest: number
  /** The quick retries of what never left, and the time-out of each try. */
  readonly retry: RetrySettings
  /** Whether events of which nobody knows count as written: only where a loss is found by searching. */
  readonly doubtfulIsTaken: boolean
}

/** What the API puts before an event on its way to analysisd (MSG_HEADER in framework/wazuh/event.py). */
const HEADER_BYTES = Buffer.byteLength("1:API-Webhook:")
/** What the shipped decoder matches. */
const PREFIX = "waybill: "
const MAX_EVENT_BYTES = MAX_MESSAGE_BYTES - HEADER_BYTES - PREFIX.length
/** max_upload_size of api.yaml, less the frame of the request. */
const MAX_BODY_BYTES = 10 * 1024 * 1024 - 1024
const MINUTE_MILLIS = 60_000

/** Of the events that one request held: those that were not taken, and why. */
interface Sent {
  readonly left: ReadonlyArray<number>
  readonly failed?: Failed
}

const all = (messages: ReadonlyArray<string>) => messages.map((_, index) => index)

const make = Effect.fnUntraced(function* (options: ApiWriterOptions) {
  const where = new URL(options.url).host
  const fail = (handedOver: number, { message, reason }: Failed, left?: ReadonlyArray<number>) =>
    new WriterError({
      reason,
      handedOver,
      ...(left === undefined ? {} : { left }),
      message: `The manager's API at ${where}: ${message}`,
    })

  const { caFile } = options
  const ca =
    caFile === undefined
      ? undefined
      : yield* Effect.tryPromise({
          try: () => readFile(caFile, "utf8"),
          catch: (cause) =>
            new InvalidWriterOptions({
              message: `The CA of the manager's API cannot be read (${cause instanceof Error ? cause.message : caFile}). Check writer.api.ca_file and who may read it.`,
            }),
        })
  const exchange = yield* makeExchange({
    timeoutSeconds: options.retry.timeoutSeconds,
    tls: {
      rejectUnauthorized: options.verifyTls ?? true,
      ...(ca === undefined ? {} : { ca }),
      ...(options.serverName === undefined ? {} : { servername: options.serverName }),
    },
  })
  const session = yield* makeSession(exchange, options)
  const limit = yield* makeRateLimit(options.requestsPerMinute)
  const lock = yield* Semaphore.make(1)

  const post = Effect.fnUntraced(function* (items: ReadonlyArray<string>) {
    const token = yield* session.token
    const request = HttpClientRequest.post(`${options.url}/events`).pipe(
      HttpClientRequest.bearerToken(token),
      HttpClientRequest.setHeader("user-agent", "waybill"),
      HttpClientRequest.bodyText(`{"events":[${items.join(",")}]}`, "application/json"),
    )
    yield* limit.take
    return yield* exchange(request).pipe(retrying({ peer: "wazuh_api", settings: options.retry, failureOf }))
  })

  const unanswered = (error: NotAnswered): Meaning => ({
    _tag: error.isUnsent ? "NotTaken" : "Doubtful",
    failed: explainNotAnswered(error),
  })

  /** One request. A token that is refused is renewed once. */
  const ask = (
    messages: ReadonlyArray<string>,
    items: ReadonlyArray<string>,
    isRenewed = false,
  ): Effect.Effect<Meaning> =>
    post(items).pipe(
      Effect.flatMap((answer) => {
        const meaning = meaningOf(answer, messages)
        if (meaning._tag !== "TokenRefused") return Effect.succeed(meaning)
        return isRenewed
          ? Effect.as(
              Effect.andThen(
                session.forget,
                session.pause(REFUSED_PAUSE_MILLIS, new LoginFailed(meaning.failed)),
              ),
              meaning,
            )
          : Effect.andThen(session.forget, ask(messages, items, true))
      }),
      Effect.catchTags({
        LoginFailed: ({ message, reason }) =>
          Effect.succeed<Meaning>({ _tag: "NotTaken", failed: { message, reason } }),
        NotAnswered: (error) => Effect.succeed(unanswered(error)),
      }),
    )

  const doubtful = Effect.fnUntraced(function* (messages: ReadonlyArray<string>, failed: Failed) {
    // Whether it answers at all is then asked by a login, not by more events.
    yield* session.forget
    if (!options.doubtfulIsTaken) return { left: all(messages), failed }
    yield* Log.warning(
      "writer.doubtful",
      `The manager's API at ${where}: ${failed.message} Whether it took the events is found out by searching.`,
      { writer: "api", reason: failed.reason, events: messages.length },
    )
    return { left: [] }
  })

  const send = Effect.fnUntraced(function* (
    messages: ReadonlyArray<string>,
    items: ReadonlyArray<string>,
  ): Effect.fn.Return<Sent> {
    const meaning = yield* ask(messages, items)
    switch (meaning._tag) {
      case "Taken":
        return meaning
      case "NotTaken":
      case "TokenRefused":
        return { left: all(messages), failed: meaning.failed }
      case "Doubtful":
        return yield* doubtful(messages, meaning.failed)
      case "TooManyRequests":
        yield* limit.pause(MINUTE_MILLIS)
        return { left: all(messages), failed: meaning.failed }
      case "TooManyBytes": {
        if (messages.length <= 1) return { left: all(messages), failed: meaning.failed }
        const half = messages.length >> 1
        const first = yield* send(messages.slice(0, half), items.slice(0, half))
        // What follows waits for it, so that the order stays.
        if (first.failed !== undefined)
          return { left: [...first.left, ...all(messages).slice(half)], failed: first.failed }
        const second = yield* send(messages.slice(half), items.slice(half))
        return { ...second, left: second.left.map((index) => index + half) }
      }
    }
  })

  /** From `at` on as many as one request may hold; none where the first one is too long. */
  const chunkAt = (events: ReadonlyArray<string>, at: number) => {
    const messages: Array<string> = []
    const items: Array<string> = []
    let bytes = 0
    for (let index = at; index < events.length && items.length < options.eventsPerRequest; index++) {
      const event = events[index] ?? ""
      if (Buffer.byteLength(event) > MAX_EVENT_BYTES) break
      const message = PREFIX + event
      const item = JSON.stringify(message)
      bytes += Buffer.byteLength(item) + 1
      if (bytes > MAX_BODY_BYTES && items.length > 0) break
      messages.push(message)
      items.push(item)
    }
    return { messages, items }
  }

  const write = Effect.fnUntraced(function* (events: ReadonlyArray<string>) {
    let at = 0
    while (at < events.length) {
      const { items, messages } = chunkAt(events, at)
      if (messages.length === 0)
        return yield* fail(at, {
          reason: "too-long",
          message: `the event has ${Buffer.byteLength(events[at] ?? "")} bytes; an event may have ${MAX_EVENT_BYTES}, so that wazuh-analysisd does not cut it.`,
        })
      const from = at
      at += messages.length
      const { failed, left } = yield* lock.withPermit(send(messages, items))
      if (failed !== undefined) {
        const rest = [...left.map((index) => from + index), ...all(events).slice(at)]
        return yield* fail(events.length - rest.length, failed, rest)
      }
    }
  })

  return Writer.of({ kind: "api", maxBytes: MAX_EVENT_BYTES, write })
})

/** Connects and logs in on the first write: an API that is away is met in `write`. Fails when the CA can't be read. */
export const apiWriterLayer = (options: ApiWriterOptions): Layer.Layer<Writer, InvalidWriterOptions> =>
  Layer.effect(Writer, make(options))
