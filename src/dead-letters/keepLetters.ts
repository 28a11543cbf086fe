/**
 * The letters of one place: their index in memory, their limits, and the numbering of new ones. Whoever makes it is
 * the only one that writes there.
 *
 * The index is read beside everything else from the moment this is made, and whatever needs it waits for that.
 */
import { Clock, Effect, Fiber, Option, Result, Semaphore } from "effect"
import { toText } from "../domain/Envelope.ts"
import { iso } from "../domain/isoTime.ts"
import * as Log from "../telemetry/log.ts"
import {
  type DeadLetter,
  DeadLetterError,
  type DeadLetterFile,
  type DeadLetterReason,
  DeadLetters,
  type LetterFilter,
  type PageRequest,
  type StoredLetter,
} from "./DeadLetters.ts"
import { fileNameOf, keyOf, parseKey } from "./keys.ts"
import { entryOf, LetterIndex } from "./LetterIndex.ts"
import { letterText, readLetter } from "./letterText.ts"
import type { Storage } from "./Storage.ts"
import { type Found, scan, skipped } from "./scan.ts"
import { selfTest } from "./selfTest.ts"

/** At either of them `put` fails, so that the feeds hold. */
export interface Limits {
  readonly maxFiles: number
  readonly maxBytes: number
}

/** Letters that are read at a time for a page. */
const READERS = 8
/** Letters of a purge that are removed before a `put` may come between, and how many of them at a time. */
const PIECE = 256
const REMOVERS = 16

export const keepLetters = Effect.fnUntraced(function* (storage: Storage, limits: Limits, found: Found) {
  const index = new LetterIndex()
  const oneAtATime = yield* Semaphore.make(1)
  let nextNumber = found.next
  let written = 0

  let isRead = false
  const reading = yield* scan(storage, found, index).pipe(
    Effect.andThen(
      Effect.sync(() => {
        isRead = true
      }),
    ),
    Effect.forkScoped,
  )
  const ready = Effect.suspend(() => (isRead ? Effect.void : Fiber.join(reading)))
  /** One that changes letters: they are read first, and nobody else changes any meanwhile. */
  const change = <A, E>(effect: Effect.Effect<A, E>) => Effect.andThen(ready, oneAtATime.withPermit(effect))

  const hasRoomFor = (bytes: number) => index.size < limits.maxFiles && index.bytes + bytes <= limits.maxBytes

  /** Somebody may have made room by hand. */
  const forgetRemoved = Effect.gen(function* () {
    const names = new Set(yield* storage.names)
    for (const key of index.keys()) if (!names.has(fileNameOf(key))) index.remove(key)
  })

  const makeSureOfRoom = Effect.fnUntraced(function* (bytes: number) {
    if (hasRoomFor(bytes)) return
    yield* forgetRemoved
    if (hasRoomFor(bytes)) return
    return yield* new DeadLetterError({
      message:
        `There is no room for another dead letter in ${storage.path}: it has ${index.size} files of ${limits.maxFiles} ` +
        `(dlq.max_files) and ${index.bytes} bytes of ${limits.maxBytes} (dlq.max_bytes), and this one needs ${bytes} bytes. ` +
        "Find out why so much fails (waybill dlq list), then replay or purge the letters, or raise the limit.",
    })
  })

  /** Writes under a key that is new or waits already. */
  const write = Effect.fnUntraced(function* (key: string, file: DeadLetterFile, text: string) {
    yield* storage.write(fileNameOf(key), text)
    const parsed = parseKey(key)
    if (parsed !== undefined) index.set(entryOf(parsed, file, Buffer.byteLength(text)))
  }, Effect.uninterruptible)

  const put = Effect.fnUntraced(function* ({ attempts, envelope, error, reason }: DeadLetter) {
    if (index.find(envelope.id) !== undefined) return
    const now = yield* Clock.currentTimeMillis
    const time = iso(now)
    const file = { timestamp: time, envelope: toText(envelope), error, reason, attempts, last_attempt: time }
    const text = letterText(file)
    yield* makeSureOfRoom(Buffer.byteLength(text))
    const key = keyOf({ seconds: Math.floor(now / 1000), n: nextNumber })
    // Also after a failure: what lies under that name then is not sure.
    nextNumber += 1
    yield* write(key, file, text)
    written += 1
    yield* Log.warning("dead_letter.written", error, {
      file: fileNameOf(key),
      reason,
      event_id: envelope.id,
      source_type: envelope.source_type,
      attempts,
    })
  })

  /** What is gone or damaged is no letter any more. */
  const read = Effect.fnUntraced(function* (key: string) {
    const text = yield* storage.read(fileNameOf(key))
    if (Option.isNone(text)) {
      index.remove(key)
      return Option.none<StoredLetter>()
    }
    const file = readLetter(text.value)
    if (Result.isSuccess(file)) return Option.some<StoredLetter>({ key, file: file.success })
    yield* skipped(fileNameOf(key), storage, file.failure)
    index.remove(key)
    return Option.none<StoredLetter>()
  })

  const get = Effect.fnUntraced(function* (key: string) {
    yield* ready
    return index.get(key) === undefined ? Option.none<StoredLetter>() : yield* read(key)
  })

  const list = Effect.fnUntraced(function* ({ cursor, limit, ...filter }: PageRequest) {
    yield* ready
    const from = cursor === undefined ? undefined : parseKey(cursor)
    if (cursor !== undefined && from === undefined)
      return yield* new DeadLetterError({
        message: `${JSON.stringify(cursor)} is not a cursor; give \`next\` of the page before, as it is.`,
      })
    const found = index.after(from, filter, limit + 1)
    const page = found.slice(0, limit)
    const letters = yield* Effect.forEach(
      page,
      (entry) =>
        Effect.catch(read(keyOf(entry)), (error) =>
          Effect.as(skipped(fileNameOf(keyOf(entry)), storage, error.message), Option.none<StoredLetter>()),
        ),
      { concurrency: READERS },
    )
    const last = page.at(-1)
    return {
      letters: letters.flatMap((letter) => Option.toArray(letter)),
      next: found.length > limit && last !== undefined ? keyOf(last) : undefined,
    }
  })

  const remove = Effect.fnUntraced(function* (key: string) {
    if (index.get(key) === undefined) return false
    yield* storage.remove(fileNameOf(key))
    index.remove(key)
    return true
  })

  const purge = Effect.fnUntraced(function* (filter: LetterFilter) {
    yield* ready
    const keys = index.after(undefined, filter, Number.POSITIVE_INFINITY).map(keyOf)
    let removed = 0
    // In pieces, so that a letter that is to be put does not wait for all of them.
    for (let at = 0; at < keys.length; at += PIECE) {
      const piece = Effect.forEach(keys.slice(at, at + PIECE), remove, { concurrency: REMOVERS })
      removed += (yield* oneAtATime.withPermit(piece)).filter((isGone) => isGone).length
    }
    return removed
  })

  const failedAgain = Effect.fnUntraced(function* (
    key: string,
    { error, reason }: { readonly error: string; readonly reason: DeadLetterReason },
  ) {
    const letter = Option.getOrUndefined(yield* get(key))
    if (letter === undefined) return false
    const now = yield* Clock.currentTimeMillis
    const attempts = letter.file.attempts + 1
    const file = { ...letter.file, error, reason, attempts, last_attempt: iso(now) }
    yield* write(key, file, letterText(file))
    yield* Log.warning("dead_letter.failed_again", error, {
      file: fileNameOf(key),
      reason,
      event_id: file.envelope.id,
      source_type: file.envelope.source_type,
      attempts,
    })
    return true
  })

  return DeadLetters.of({
    ready,
    put: (letter) => change(put(letter)),
    has: (id) => index.find(id) !== undefined,
    find: (id) => {
      const entry = index.find(id)
      return entry === undefined ? undefined : keyOf(entry)
    },
    stats: Effect.sync(() => ({
      enabled: true,
      reading: !isRead,
      written,
      // Until all are read nothing is put or removed.
      pending: isRead ? index.size : found.keys.length,
      bytes: index.bytes,
      base_path: storage.path,
    })),
    check: oneAtATime.withPermit(selfTest(storage)),
    list,
    get,
    remove: (key) => change(remove(key)),
    purge,
    failedAgain: (key, failure) => change(failedAgain(key, failure)),
  })
})
