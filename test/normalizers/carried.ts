/** What an event must be for Wazuh to carry it whole: the bounds of the notes, and the decoder's own rendering. */

import { decodeJson } from "../../src/demo/manager/jsonDecoder.ts"
import { type Attempt, type Event, withAttempt } from "../../src/domain/Event.ts"

const ATTEMPT: Attempt = { batch: "b".repeat(64), attempt: 999_999, sentAt: "2026-02-22T19:13:04.123Z" }
const LOCATION = "waybill->firewalla-msp/device-inventory"

interface Leaf {
  readonly path: string
  readonly value: unknown
  readonly depth: number
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const leavesOf = (value: unknown, path: string, depth: number): ReadonlyArray<Leaf> =>
  isObject(value) && Object.keys(value).length > 0
    ? Object.entries(value).flatMap(([key, inner]) =>
        leavesOf(inner, path === "" ? key : `${path}.${key}`, depth + 1),
      )
    : [{ path, value, depth }]

/** cJSON takes a text for an array when its beginning is one, whatever follows. */
const beginsAsArray = (text: string): boolean =>
  text.startsWith("[") &&
  Array.from(text.matchAll(/\]/g)).some(({ index }) => {
    try {
      return Array.isArray(JSON.parse(text.slice(0, index + 1)))
    } catch {
      return false
    }
  })

const textProblems = (path: string, text: string): ReadonlyArray<string> => [
  ...(text === "" ? [`${path} is empty`] : []),
  ...(text.includes("\0") || !text.isWellFormed() ? [`${path} is not well-formed`] : []),
  ...(Buffer.byteLength(text) > 32_766 ? [`${path} is longer than a term`] : []),
]

const leafProblems = ({ path, value, depth }: Leaf): ReadonlyArray<string> => {
  if (depth > 19) return [`${path} lies too deep`]
  if (typeof value === "string") {
    return [...textProblems(path, value), ...(beginsAsArray(value) ? [`${path} would become an array`] : [])]
  }
  if (!Array.isArray(value)) return [`${path} is no text`]
  return value.length === 0
    ? [`${path} is an empty array`]
    : value.flatMap((item) =>
        typeof item === "string" ? textProblems(path, item) : [`${path} holds no text`],
      )
}

/** Every reason why Wazuh would lose or change this event; empty when it carries it as it is. */
export const problemsOf = (event: Event): ReadonlyArray<string> => {
  const json = withAttempt(event, ATTEMPT)
  const message = `1:${LOCATION}:waybill: ${json}`
  const parsed: unknown = JSON.parse(json)
  const leaves = leavesOf(parsed, "", 0)
  const paths = leaves.map(({ path }) => path.toLowerCase())
  const rendered = JSON.stringify(decodeJson(json))
  return [
    ...leaves.flatMap(leafProblems),
    ...(leaves.length > 256 ? [`${leaves.length} leaves`] : []),
    ...(new Set(paths).size < paths.length ? ["two keys clash"] : []),
    ...(paths.some((path) => paths.some((other) => other.startsWith(`${path}.`)))
      ? ["a text and an object clash"]
      : []),
    ...(Buffer.byteLength(message) > 65_535 ? [`${Buffer.byteLength(message)} bytes`] : []),
    ...(event.bytes === Buffer.byteLength(event.json) ? [] : ["its bytes are miscounted"]),
    ...(rendered === JSON.stringify(parsed) ? [] : [`the decoder makes something else of it: ${rendered}`]),
  ]
}
