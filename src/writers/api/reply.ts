/**
 * What an answer of the manager's API to `POST /events` means for each of the events. Pure.
 *
 * From framework/wazuh/event.py and api/api of release 4.14: events are handed to analysisd's socket one by one, so
 * a 200 may name some as failed; their ids are the events themselves. An error before the first of them is told by
 * a status of its own, or by 500 with code 1010 (the socket can't be connected to).
 */
import { Option, Schema } from "effect"
import type { Answer } from "../http/Exchange.ts"
import type { WriterErrorReason } from "../Writer.ts"

export interface Failed {
  readonly reason: WriterErrorReason
  /** What happened and what to do, without where. */
  readonly message: string
}

export type Meaning =
  /** All but those `left` were taken. `rejected` speaks of the first of them. */
  | { readonly _tag: "Taken"; readonly left: ReadonlyArray<number>; readonly failed?: Failed }
  | { readonly _tag: "NotTaken"; readonly failed: Failed }
  /** Some may have been taken. */
  | { readonly _tag: "Doubtful"; readonly failed: Failed }
  /** The token is not valid (any more). */
  | { readonly _tag: "TokenRefused"; readonly failed: Failed }
  | { readonly _tag: "TooManyBytes"; readonly failed: Failed }
  | { readonly _tag: "TooManyRequests"; readonly failed: Failed }

const Code = Schema.fromJsonString(
  Schema.Struct({ error: Schema.optionalKey(Schema.Int), detail: Schema.optionalKey(Schema.Unknown) }),
)
const decodeCode = Schema.decodeUnknownOption(Code)

const Result = Schema.fromJsonString(
  Schema.Struct({
    data: Schema.Struct({
      failed_items: Schema.Array(
        Schema.Struct({
          error: Schema.Struct({ code: Schema.Int, message: Schema.optionalKey(Schema.String) }),
          id: Schema.Array(Schema.String),
        }),
      ),
    }),
  }),
)
const decodeResult = Schema.decodeUnknownOption(Result)

/** The event is longer than analysisd's 65,535 bytes. */
const TOO_LARGE = 1012
/** analysisd's socket can't be connected to. */
const NO_QUEUE = 1010

const NO_ANALYSISD =
  "it can't hand events to wazuh-analysisd. Look at wazuh-control status and ossec.log on the manager."

const ofItems = (body: string, messages: ReadonlyArray<string>): Meaning => {
  const result = Option.getOrUndefined(decodeResult(body))
  if (result === undefined)
    return {
      _tag: "Doubtful",
      failed: {
        reason: "failed",
        message:
          "it answered 200 with something else than a result. Check writer.api.url and what stands between.",
      },
    }
  const codes = new Map(
    result.data.failed_items.flatMap(({ error, id }) => id.map((message) => [message, error] as const)),
  )
  const left: Array<number> = []
  let firstSocket: Failed | undefined
  let firstTooLarge: Failed | undefined
  for (const [index, message] of messages.entries()) {
    const error = codes.get(message)
    if (error === undefined) continue
    left.push(index)
    if (error.code === TOO_LARGE)
      firstTooLarge ??= {
        reason: "rejected",
        message: `the event is larger than it takes (${error.code}: ${error.message ?? ""}).`,
      }
    else
      firstSocket ??= {
        reason: "refused",
        message: `${NO_ANALYSISD} (${error.code}: ${error.message ?? ""})`,
      }
  }
  const failed = firstSocket ?? firstTooLarge
  return failed === undefined ? { _tag: "Taken", left } : { _tag: "Taken", left, failed }
}

const detailOf = (body: string): string => {
  const { detail, error } = Option.getOrElse(decodeCode(body), () => ({
    detail: undefined,
    error: undefined,
  }))
  const words = typeof detail === "string" ? detail.replaceAll(/\s+/g, " ").slice(0, 200) : ""
  return [error === undefined ? "" : `code ${error}`, words].filter((part) => part !== "").join(", ")
}

/** @param messages as they were sent, by which failed ones are named */
export const meaningOf = ({ body, status }: Answer, messages: ReadonlyArray<string>): Meaning => {
  const detail = detailOf(body)
  const said = detail === "" ? `${status}` : `${status}, ${detail}`
  if (status === 200) return ofItems(body, messages)
  switch (status) {
    case 401:
      return {
        _tag: "TokenRefused",
        failed: { reason: "forbidden", message: `it refuses a token that it has just given out (${said}).` },
      }
    case 403:
      return {
        _tag: "NotTaken",
        failed: {
          reason: "forbidden",
          message: `the user may not send events (${said}). Give it a role with event:ingest on *:*:*; nothing more is needed.`,
        },
      }
    case 413:
      return {
        _tag: "TooManyBytes",
        failed: {
          reason: "rejected",
          message: `the event alone is larger than a request may be (${said}). Raise max_upload_size of the API, or the limit of the proxy before it.`,
        },
      }
    case 429:
      return {
        _tag: "TooManyRequests",
        failed: {
          reason: "throttled",
          message: `it has had too many requests (${said}), of all its callers together. Waybill waits a minute. If this stays, lower writer.api.requests_per_minute or use the socket.`,
        },
      }
    case 503:
      return {
        _tag: "NotTaken",
        failed: { reason: "refused", message: `it is not ready (${said}). Waybill tries again.` },
      }
    default: {
      const code = Option.getOrUndefined(decodeCode(body))?.error
      if (status === 500 && code === NO_QUEUE)
        return { _tag: "NotTaken", failed: { reason: "refused", message: `${NO_ANALYSISD} (${said})` } }
      if (status >= 500)
        return {
          _tag: "Doubtful",
          failed: { reason: "failed", message: `it failed (${said}). Look at api.log on the manager.` },
        }
      return {
        _tag: "NotTaken",
        failed: {
          reason: "failed",
          message: `it does not understand the request (${said}). POST /events needs Wazuh 4.6 or later; check writer.api.url and what stands between.`,
        },
      }
    }
  }
}
