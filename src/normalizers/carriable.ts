/**
 * What Wazuh can carry, and how an event is mended so that it can be carried.
 *
 * The limits are Wazuh's and OpenSearch's; each loses an event without a trace when it is passed. An event that can be
 * mended is mended in a way that shows; what can't is refused as `validation_failed`.
 */
import { Result } from "effect"
import { MAX_MESSAGE_BYTES } from "../domain/Event.ts"
import { cutText, pieces, wellFormed } from "./cutting.ts"
import { type Fields, Rejected, type Value } from "./Normalizer.ts"

/** Kept for `1:<location>:waybill: `; the file writer's lines may have 65,279 bytes, which is the same reserve. */
export const HEADER_RESERVE_BYTES = 256
/** Kept for the `waybill` block that the writer appends (`withAttempt`): 49 bytes of its own, and its three values. */
export const ATTEMPT_RESERVE_BYTES = 256
/** So an event's JSON, without that block, has at most this many bytes. */
export const MAX_JSON_BYTES = MAX_MESSAGE_BYTES - HEADER_RESERVE_BYTES - ATTEMPT_RESERVE_BYTES
/** The JSON decoder keeps 256 fields and drops the rest (analysisd.decoder_order_size); the block takes three. */
export const MAX_LEAVES = 256 - 3
/** Lucene's longest term: a longer string in a keyword field without `ignore_above` rejects the document. */
export const MAX_TEXT_BYTES = 32_766
/** `index.mapping.depth.limit` is 20; `data` is the first level, and what isn't nested is on the second. */
export const MAX_DEPTH = 18
/** The indexer is searched by it, so it is never mended. */
export const MAX_ID_BYTES = 512

/** Root keys that the index template maps as objects of its own: anything of ours there contradicts it. */
export const TEMPLATE_OBJECTS: ReadonlySet<string> = new Set(
  (
    "audit aws azuresigninstatus cis docker gcp github hardware ms-graph netinfo office365 os oscap osquery parameters " +
    "port process program sca virustotal vulnerability yara"
  ).split(" "),
)
/** Root keys that the template maps as keyword: a text, never an object. */
export const TEMPLATE_KEYWORDS: ReadonlySet<string> = new Set(
  (
    "action command data dstip dstport dstuser extra_data file id integration protocol scan_id srcip srcport srcuser " +
    "system_name title type uid url"
  ).split(" "),
)
/** Root keys that nobody may set: the template's date, and the block that the writer appends. */
export const RESERVED: ReadonlySet<string> = new Set(["timestamp", "waybill"])

/**
 * Whether analysisd, writing the alert, would make an array of this text: it tries with every value that begins with
 * `[` (W_JSON_AddField, src/analysisd/format/to_json.c), and cJSON skips whatever isn't
 * above a space and stops after the array, whatever follows.
 */
export const ARRAY_LIKE = /^\[[^!-\uffff]*(?:[\]["{\-0-9]|null|true|false)/

const isText = (value: Value): value is string => typeof value === "string"
const isList = (value: Value): value is ReadonlyArray<string> => Array.isArray(value)

/** Lower-case letters, digits, `_` and `-`: no dot that nests, and no two that differ only in case. */
const isPlainKey = (key: string): boolean => {
  if (key.length === 0) return false
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i)
    if (!((c >= 97 && c <= 122) || (c >= 48 && c <= 57) || c === 95 || c === 45)) return false
  }
  return true
}

// A character takes at most three bytes of UTF-8 for each unit of UTF-16.
const needsMending = (value: string): boolean =>
  value.length * 3 > MAX_TEXT_BYTES || (value.charCodeAt(0) === 91 && ARRAY_LIKE.test(value))

/**
 * Whether an event can be carried as it is, as far as its shape says; `\u` escapes and bytes are seen when it is
 * encoded. A cheap pass for the many; `false` is no verdict, only a case for `mend`.
 */
export const isSound = (fields: Fields): boolean => {
  for (const key in fields) if (TEMPLATE_OBJECTS.has(key) || RESERVED.has(key)) return false
  return leavesOfSound(fields, 1) <= MAX_LEAVES
}

const leavesOfSound = (fields: Fields, depth: number): number => {
  if (depth > MAX_DEPTH) return Number.POSITIVE_INFINITY
  let leaves = 0
  let used = 0
  for (const key in fields) {
    const value = fields[key]
    if (value === undefined) continue
    used += 1
    if (!isPlainKey(key)) return Number.POSITIVE_INFINITY
    if (depth === 1 && !isText(value) && TEMPLATE_KEYWORDS.has(key)) return Number.POSITIVE_INFINITY
    if (isText(value)) {
      if (value === "" || needsMending(value)) return Number.POSITIVE_INFINITY
      leaves += 1
    } else if (isList(value)) {
      if (value.length === 0 || value.some((item) => item === "" || item.length * 3 > MAX_TEXT_BYTES))
        return Number.POSITIVE_INFINITY
      leaves += 1
    } else {
      leaves += leavesOfSound(value, depth + 1)
    }
  }
  return used === 0 ? Number.POSITIVE_INFINITY : leaves
}

export const refuse = (message: string): Result.Result<never, Rejected> =>
  Result.fail(new Rejected({ reason: "validation_failed", message }))

/** A text as it can be carried: well-formed, and not to be taken for an array (a space before it). */
const mendText = (value: string): string => {
  const clean = wellFormed(value)
  return ARRAY_LIKE.test(clean) ? ` ${clean}` : clean
}

/**
 * A text that is longer than a term is an array of pieces: to the index a field with several values is of the same type.
 * At the root it is cut; rules and decoders of others read those keys as one text.
 */
const mendLongText = (value: string, depth: number): Value => {
  const text = mendText(value)
  if (depth === 1) return cutText(text, MAX_TEXT_BYTES)
  const parts = pieces(text, MAX_TEXT_BYTES)
  return parts.length === 1 ? text : parts
}

const mendKey = (key: string): string => {
  const clean = cutText(wellFormed(key).replaceAll(".", "_"), MAX_ID_BYTES)
  return clean.trim() === "" ? "_" : clean
}

const rootProblem = (key: string, value: Value): string | undefined => {
  if (RESERVED.has(key)) return "is reserved; keep it under the source's own key"
  if (TEMPLATE_OBJECTS.has(key))
    return "is an object of the index template; keep it under the source's own key"
  if (TEMPLATE_KEYWORDS.has(key) && !isText(value))
    return "must be a text, because the index template maps it as keyword"
  return undefined
}

/** Mends what can be mended: texts, keys, empty values. Refuses what can't, and says where. */
export const mend = (fields: Fields): Result.Result<Fields, Rejected> => {
  let problem: string | undefined
  let leaves = 0
  const mendObject = (object: Fields, path: string, depth: number): Fields | undefined => {
    if (depth > MAX_DEPTH) {
      problem ??= `${path.slice(0, 200)} is nested deeper than ${MAX_DEPTH} levels, which the index refuses`
      return undefined
    }
    const result: Record<string, Value> = Object.create(null)
    const seen = new Set<string>()
    for (const key of Object.keys(object)) {
      const name = mendKey(key)
      const at = path === "" ? name : `${path}.${name}`
      const value = mendValue(object[key], at, depth)
      if (value === undefined) continue
      const lower = name.toLowerCase()
      if (seen.has(lower)) problem ??= `${at} clashes with a key that differs from it only in case or dots`
      const why = depth === 1 ? rootProblem(lower, value) : undefined
      if (why !== undefined) problem ??= `the root key ${name} ${why}`
      seen.add(lower)
      result[name] = value
    }
    return seen.size > 0 ? result : undefined
  }
  const mendValue = (value: Value, path: string, depth: number): Value => {
    if (value === undefined || value === "") return undefined
    if (!isText(value) && !isList(value)) return mendObject(value, path, depth + 1)
    leaves += 1
    if (isText(value)) return mendLongText(value, depth)
    const items = value.flatMap((item) => (item === "" ? [] : pieces(wellFormed(item), MAX_TEXT_BYTES)))
    return items.length > 0 ? items : undefined
  }
  const root = mendObject(fields, "", 1)
  if (problem !== undefined) return refuse(problem)
  if (root === undefined) return refuse("the event has no fields at all")
  return leaves > MAX_LEAVES
    ? refuse(`${leaves} fields are more than the ${MAX_LEAVES} that analysisd's JSON decoder keeps`)
    : Result.succeed(root)
}
