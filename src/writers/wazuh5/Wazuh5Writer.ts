/**
 * Experimental: the writer for Wazuh 5, `POST /events/enriched` over the manager's unix socket.
 *
 * A 200 with an empty body means queued, in memory: what does not fit is discarded, and so is everything at a stop. So
 * what is written needs to be searched for here just as much. A request whose answer never came is treated as in the
 * api writer.
 */
import { Effect, Layer, Semaphore } from "effect"
import { HttpClientRequest } from "effect/http"
import type { RetrySettings } from "../../retry/decide.ts"
import { retrying } from "../../retry/retrying.ts"
import * as Log from "../../telemetry/log.ts"
import { failureOf, makeExchange, type NotAnswered } from "../http/Exchange.ts"
import { Pacing } from "../Pacing.ts"
import { Writer, WriterError, type WriterErrorReason } from "../Writer.ts"
import { type BatchOptions, MEDIA_TYPE, makeBatchEncoder } from "./batch.ts"

export interface Wazuh5WriterOptions extends BatchOptions {
  /** The unix socket of the manager's HTTP server. */
  readonly socket: string
  readonly retry: RetrySettings
  /** Whether events of which nobody knows count as written: only where a loss is found by searching. */
  readonly doubtfulIsTaken: boolean
}

interface Failed {
  readonly reason: WriterErrorReason
  readonly message: string
}

type Meaning =
  | { readonly _tag: "Taken" }
  /** None was taken; a smaller request may be. */
  | { readonly _tag: "Refused"; readonly failed: Failed }
  | { readonly _tag: "NotTaken"; readonly failed: Failed }
  | { readonly _tag: "Doubtful"; readonly failed: Failed }

const meaningOf = (status: number): Meaning => {
  if (status >= 200 && status < 300) return { _tag: "Taken" }
  if (status === 400 || status === 413)
    return { _tag: "Refused", failed: { reason: "rejected", message: `it refuses the event (${status}).` } }
  if (status === 503 || status === 429)
    return {
      _tag: "NotTaken",
      failed: {
        reason: "refused",
        message: `it can take no more now (${status}). Look at the manager's load.`,
      },
    }
  if (status >= 500)
    return {
      _tag: "Doubtful",
      failed: { reason: "failed", message: `it failed (${status}). Look at the manager's log.` },
    }
  return {
    _tag: "NotTaken",
    failed: {
      reason: "failed",
      message: `it does not know POST /events/enriched (${status}). Check that writer.wazuh5.socket is that of Wazuh 5.`,
    },
  }
}

const unanswered = (error: NotAnswered): Meaning =>
  error.isUnsent
    ? {
        _tag: "NotTaken",
        failed: {
          reason: error.detail.startsWith("EACCES") ? "forbidden" : "missing",
          message: `nobody answers (${error.detail}). Check that the manager runs, that the folder of writer.wazuh5.socket is mounted, and who may write to it.`,
        },
      }
    : {
        _tag: "Doubtful",
        failed: {
          reason: error.kind === "timed-out" ? "timed-out" : "failed",
          message: `a request was not answered (${error.detail}).`,
        },
      }

const make = Effect.fnUntraced(function* (options: Wazuh5WriterOptions) {
  const pacing = yield* Pacing
  const encoder = makeBatchEncoder(options)
  const exchange = yield* makeExchange({
    timeoutSeconds: options.retry.timeoutSeconds,
    socketPath: options.socket,
  })
  const lock = yield* Semaphore.make(1)
  /** The socket has understood a request of ours: from then on a refusal is a matter of the event. */
  let isUnderstood = false

  const fail = ({ message, reason }: Failed, handedOver: number) =>
    new WriterError({ reason, handedOver, message: `Wazuh 5 at ${options.socket}: ${message}` })

  const ask = (events: ReadonlyArray<string>) => {
    const request = HttpClientRequest.post("http://localhost/events/enriched").pipe(
      HttpClientRequest.setHeader("user-agent", "waybill"),
      HttpClientRequest.bodyText(encoder.encode(events), MEDIA_TYPE),
    )
    return exchange(request).pipe(
      retrying({ peer: "wazuh5", settings: options.retry, failureOf }),
      Effect.map(({ status }) => meaningOf(status)),
      Effect.catchTag("NotAnswered", (error) => Effect.succeed(unanswered(error))),
    )
  }

  /** Sends some; succeeds with how many were taken from the first on, and what stopped it. */
  const send = Effect.fnUntraced(function* (
    events: ReadonlyArray<string>,
  ): Effect.fn.Return<{ readonly taken: number; readonly failed?: Failed }> {
    const meaning = yield* ask(events)
    switch (meaning._tag) {
      case "Taken":
        isUnderstood = true
        return { taken: events.length }
      case "NotTaken":
        return { taken: 0, failed: meaning.failed }
      case "Doubtful":
        if (!options.doubtfulIsTaken) return { taken: 0, failed: meaning.failed }
        yield* Log.warning(
          "writer.doubtful",
          `Wazuh 5 at ${options.socket}: ${meaning.failed.message} Whether it took the events is found out by searching.`,
          { writer: "wazuh5", reason: meaning.failed.reason, events: events.length },
        )
        return { taken: events.length }
      case "Refused": {
        if (!isUnderstood) return { taken: 0, failed: { ...meaning.failed, reason: "failed" } }
        if (events.length <= 1) return { taken: 0, failed: meaning.failed }
        const half = events.length >> 1
        const first = yield* send(events.slice(0, half))
        if (first.failed !== undefined) return first
        const second = yield* send(events.slice(half))
        return { ...second, taken: half + second.taken }
      }
    }
  })

  const write = Effect.fnUntraced(function* (events: ReadonlyArray<string>) {
    const long = events.findIndex((event) => Buffer.byteLength(event) > encoder.maxBytes)
    const to = long === -1 ? events.length : long
    let at = 0
    while (at < to) {
      const permitted = at + (yield* pacing.permits(to - at))
      while (at < permitted) {
        const rest = events.slice(at, permitted)
        const { failed, taken } = yield* lock.withPermit(send(rest.slice(0, encoder.fit(rest))))
        at += taken
        if (failed !== undefined) return yield* fail(failed, at)
      }
    }
    if (long !== -1)
      return yield* fail(
        {
          reason: "too-long",
          message: `the event has ${Buffer.byteLength(events[long] ?? "")} bytes; it may have ${encoder.maxBytes}.`,
        },
        long,
      )
  })

  return Writer.of({ kind: "wazuh5", maxBytes: encoder.maxBytes, write })
})

/** Connects for each request. */
export const wazuh5WriterLayer = (options: Wazuh5WriterOptions): Layer.Layer<Writer, never, Pacing> =>
  Layer.effect(Writer, make(options))
