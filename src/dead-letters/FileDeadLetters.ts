/**
 * Dead letters as one JSON file each: `failed_<unix seconds>_<n>.json`.
 *
 * `n` goes on over restarts, so that names never collide. A file that is not one of ours, or is half-written, is
 * named in a warning and left alone.
 */
import { Clock, Effect, FileSystem, Layer, Path, Ref, Result, Schema, Semaphore } from "effect"
import { EnvelopeText, toText } from "../domain/Envelope.ts"
import { FOLDER_MODE, writeDurably } from "../durable-files/durableFile.ts"
import * as Log from "../telemetry/log.ts"
import { type DeadLetter, DeadLetterError, DeadLetters } from "./DeadLetters.ts"

/** The file's contents; these names are a contract. Times are ISO 8601 in UTC. */
export const DeadLetterFile = Schema.Struct({
  timestamp: Schema.String,
  envelope: EnvelopeText,
  error: Schema.String,
  reason: Schema.Literals([
    "normalization_failed",
    "validation_failed",
    "storage_failed",
    "verification_failed",
  ]),
  attempts: Schema.Int,
  last_attempt: Schema.String,
})
export type DeadLetterFile = typeof DeadLetterFile.Type

const DeadLetterJson = Schema.fromJsonString(DeadLetterFile)
const decode = Schema.decodeUnknownResult(DeadLetterJson)
const encode = Schema.encodeEffect(DeadLetterJson)

const FILE_NAME = /^failed_\d+_(\d+)\.json$/

/** What waits in the folder: the ids of the envelopes, and the number that the next file gets. */
const scan = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const ids = new Set<string>()
  let next = 0
  for (const name of yield* fs.readDirectory(folder)) {
    const number = FILE_NAME.exec(name)?.[1]
    if (number === undefined) {
      yield* Log.warning("dead_letter.skipped", `${name} in ${folder} is not a dead letter; left alone`, {
        file: name,
      })
      continue
    }
    next = Math.max(next, Number(number) + 1)
    const letter = decode(yield* fs.readFileString(path.join(folder, name)))
    if (Result.isSuccess(letter)) ids.add(letter.success.envelope.id)
    else
      yield* Log.warning(
        "dead_letter.skipped",
        `${name} in ${folder} cannot be read as a dead letter; left alone`,
        {
          file: name,
          problem: letter.failure.message,
        },
      )
  }
  return { ids, next }
})

const make = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  yield* fs.makeDirectory(folder, { recursive: true, mode: FOLDER_MODE })
  const found = yield* scan(folder)
  const next = yield* Ref.make(found.next)
  const written = yield* Ref.make(0)
  const oneAtATime = yield* Semaphore.make(1)

  const write = Effect.fnUntraced(
    function* (letter: DeadLetter) {
      const now = yield* Clock.currentTimeMillis
      const time = new Date(now).toISOString()
      const name = `failed_${Math.floor(now / 1000)}_${yield* Ref.getAndUpdate(next, (n) => n + 1)}.json`
      const text = yield* encode({
        timestamp: time,
        envelope: toText(letter.envelope),
        error: letter.error,
        reason: letter.reason,
        attempts: letter.attempts,
        last_attempt: time,
      })
      yield* writeDurably(path.join(folder, name), `${text}\n`)
      found.ids.add(letter.envelope.id)
      yield* Ref.update(written, (n) => n + 1)
      yield* Log.warning("dead_letter.written", letter.error, {
        file: name,
        reason: letter.reason,
        event_id: letter.envelope.id,
        source_type: letter.envelope.source_type,
        attempts: letter.attempts,
      })
    },
    Effect.provide(services),
    Effect.mapError(
      (cause) =>
        new DeadLetterError({
          message: `A dead letter cannot be written to ${folder}: ${cause.message}. Check the free space and the permissions of dlq.base_path.`,
        }),
    ),
  )

  return DeadLetters.of({
    put: (letter) =>
      Effect.suspend(() => (found.ids.has(letter.envelope.id) ? Effect.void : write(letter))).pipe(
        oneAtATime.withPermit,
      ),
    has: (id) => found.ids.has(id),
    written: Ref.get(written),
  })
})

/** @param folder `dlq.base_path` of the config; made when it is missing. */
export const layer = (folder: string) => Layer.effect(DeadLetters, make(folder))
