/** What the `dlq` commands print of a letter; a line has 80 characters at most. */
import { Result } from "effect"
import type { StoredLetter } from "../../dead-letters/DeadLetters.ts"
import { fromText } from "../../domain/Envelope.ts"
import type { ReplayFailure } from "../../replay/replayLetters.ts"
import { cut, printable, printableJson } from "../printable.ts"

const WIDTH = 80
const INDENT = "    "

/** In the JSON of every command: the documented file, and its key before it. */
export const letterJson = ({ file, key }: StoredLetter) => ({ key, ...file })

const tries = (attempts: number): string => `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`

/** Three lines of a list. */
export const letterLines = ({ file, key }: StoredLetter): ReadonlyArray<string> => {
  const { attempts, envelope, error, last_attempt, reason } = file
  return [
    cut(`${key}  ${last_attempt.slice(0, 19)}Z  ${reason}  ${tries(attempts)}`, WIDTH),
    cut(`${INDENT}${envelope.source_type} of ${envelope.source}: ${envelope.id}`, WIDTH),
    cut(`${INDENT}${error}`, WIDTH),
  ]
}

export const failureLines = ({ error, event_id, key, reason }: ReplayFailure): ReadonlyArray<string> => [
  cut(`${INDENT}${key}  ${reason}  ${event_id}`, WIDTH),
  cut(`${INDENT}${INDENT}${error}`, WIDTH),
]

/** A payload that is JSON is shown so; a raw line, or what can't be read or nests too deep for it, as it is. */
const payloadText = ({ file: { envelope } }: StoredLetter): string =>
  fromText(envelope).pipe(
    Result.filterOrFail(
      () => envelope.format === "json",
      () => "",
    ),
    Result.flatMap(({ payload }) => Result.try(() => printableJson(payload))),
    Result.getOrElse(() => printable(envelope.payload)),
  )

/** All of a letter. Lines are as long as what they hold: a message that is cut off helps nobody. */
export const letterText = (letter: StoredLetter, path: string): string => {
  const { attempts, envelope, error, last_attempt, reason, timestamp } = letter.file
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["letter", letter.key],
    ["file", path],
    ["set aside", timestamp],
    ["last attempt", last_attempt],
    ["attempts", String(attempts)],
    ["reason", reason],
    ["error", error],
    ["event id", envelope.id],
    ["source", envelope.source],
    ["source type", envelope.source_type],
    ["format", envelope.format],
    ["received at", envelope.received_at],
    ...Object.entries(envelope.attributes).map(([name, value]) => [`attribute ${name}`, value] as const),
  ]
  return [
    ...rows.map(([name, value]) => `${printable(name).padEnd(13)} ${printable(value)}`),
    "payload",
    payloadText(letter),
  ].join("\n")
}
