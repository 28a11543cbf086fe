/** What lies in the place of the letters when a run begins. */
import { Effect, Option, Result } from "effect"
import * as Log from "../telemetry/log.ts"
import { fileNameOf, inOrder, isLeftover, type Key, keyOf, keyOfFile } from "./keys.ts"
import { type Entry, entryOf, type LetterIndex } from "./LetterIndex.ts"
import { readLetter } from "./letterText.ts"
import type { Storage } from "./Storage.ts"

export interface Found {
  /** Of every file with a letter's name, oldest first. */
  readonly keys: ReadonlyArray<Key>
  /** The number of the next letter. */
  readonly next: number
}

const READERS = 32
/** Letters that are read before they are put in order: few enough that nobody waits for it. */
const PIECE = 256

/** Names a file that is left alone. */
export const skipped = (name: string, { path }: Storage, problem: string) =>
  Log.warning("dead_letter.skipped", `${name} in ${path} is not a dead letter; it is left alone`, {
    file: name,
    problem,
  })

/**
 * Names what is no letter, and removes what a killed run left half-done. It reads no file.
 *
 * @param clean whether to remove leftovers; only for whoever is the one that writes there
 */
export const find = Effect.fnUntraced(function* (storage: Storage, clean: boolean) {
  const keys: Array<Key> = []
  for (const name of yield* storage.names) {
    const key = keyOfFile(name)
    if (key !== undefined) keys.push(key)
    else if (!isLeftover(name)) yield* skipped(name, storage, "its name is none of a letter")
    else if (clean) yield* Effect.ignore(storage.remove(name))
  }
  keys.sort(inOrder)
  return { keys, next: (keys.at(-1)?.n ?? -1) + 1 } satisfies Found
})

/**
 * Reads every letter once, for its id: whether a feed may deliver an event is not to be guessed. With 100,000 letters
 * this takes seconds, in steps between which others have their turn.
 */
export const scan = Effect.fnUntraced(function* (storage: Storage, { keys }: Found, index: LetterIndex) {
  const read = Effect.fnUntraced(function* (key: Key) {
    const name = fileNameOf(keyOf(key))
    const text = yield* Effect.result(storage.read(name))
    if (Result.isFailure(text)) return yield* skipped(name, storage, text.failure.message)
    if (Option.isNone(text.success)) return
    const file = readLetter(text.success.value)
    if (Result.isFailure(file)) return yield* skipped(name, storage, file.failure)
    return entryOf(key, file.success, Buffer.byteLength(text.success.value))
  })
  const keep = (entry: Entry) => {
    const first = index.find(entry.id)
    if (first === undefined) return Effect.sync(() => index.set(entry))
    return skipped(
      fileNameOf(keyOf(entry)),
      storage,
      `${fileNameOf(keyOf(first))} is a letter of the same event; when that one is gone, this one is taken at the next start`,
    )
  }
  for (let at = 0; at < keys.length; at += PIECE) {
    const entries = yield* Effect.forEach(keys.slice(at, at + PIECE), read, { concurrency: READERS })
    for (const entry of entries) if (entry !== undefined) yield* keep(entry)
  }
})
