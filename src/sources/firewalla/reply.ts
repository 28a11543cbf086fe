/** Judges the body of a reply. Pure: every way in which a reply can be unusable has a name. */
import { Result } from "effect"
import type { SourceErrorReason } from "../Source.ts"
import { isRecord } from "./records.ts"

/** One page of alarms or flows. `count` is not read: it is informative, and clients have seen it mean two things. */
export interface ReplyPage {
  readonly results: ReadonlyArray<unknown>
  /** undefined on the last page. */
  readonly nextCursor: string | undefined
}

/** The JSON of a body with status 2xx. */
export const parseBody = (
  text: string,
  contentType: string | undefined,
): Result.Result<unknown, SourceErrorReason> => {
  const type = contentType ?? "something without a content-type"
  if (type.includes("html")) return Result.fail({ _tag: "NotJson", contentType: type })
  return Result.try({
    try: (): unknown => JSON.parse(text),
    catch: (): SourceErrorReason =>
      endsEarly(text)
        ? { _tag: "Truncated", detail: `the JSON ends early, after ${text.length} characters` }
        : { _tag: "NotJson", contentType: type },
  })
}

/** `next_cursor` null, empty or absent is the end: all three have been seen. */
export const parsePage = (body: unknown): Result.Result<ReplyPage, SourceErrorReason> => {
  if (!isRecord(body)) return badShape(`expected an object with results, got ${kindOf(body)}`)
  const { results, next_cursor: cursor } = body
  if (!Array.isArray(results)) return badShape(`expected an array in results, got ${kindOf(results)}`)
  if (cursor === undefined || cursor === null || cursor === "")
    return Result.succeed({ results, nextCursor: undefined })
  // A number is taken, since the cursor is opaque and a small one could be sent that way.
  if (typeof cursor === "number") return Result.succeed({ results, nextCursor: String(cursor) })
  if (typeof cursor !== "string") return badShape(`expected text in next_cursor, got ${kindOf(cursor)}`)
  return Result.succeed({ results, nextCursor: cursor })
}

/** `/devices` and `/boxes` answer with a bare array. */
export const parseList = (body: unknown): Result.Result<ReadonlyArray<unknown>, SourceErrorReason> =>
  Array.isArray(body) ? Result.succeed(body) : badShape(`expected an array, got ${kindOf(body)}`)

const badShape = (problem: string) =>
  Result.fail<SourceErrorReason>({
    _tag: "BadShape",
    detail: `the reply has an unknown shape: ${problem}. Nothing of it was used. Check that base_url ends in /v2; if it does, the API has changed: please report it.`,
  })

const kindOf = (value: unknown): string => {
  if (value === undefined) return "nothing"
  if (value === null) return "null"
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`
}

/**
 * Whether text that is not JSON is the beginning of JSON: it opens an object or array that it never closes. Read from
 * the text rather than from the message of the parser, which is not a contract.
 */
const endsEarly = (text: string): boolean => {
  if (text.trim() === "") return true
  if (!/^\s*[[{]/.test(text)) return false
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === "\\") at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === "{" || char === "[") depth++
    else if (char === "}" || char === "]") depth--
  }
  return inString || depth > 0
}
