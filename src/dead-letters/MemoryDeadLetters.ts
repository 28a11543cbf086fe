/** Dead letters that end with the process: for tests, and for whatever needs a place that keeps nothing. */
import { Effect, Layer, Option } from "effect"
import { DeadLetters } from "./DeadLetters.ts"
import { keepLetters, type Limits } from "./keepLetters.ts"
import type { Storage } from "./Storage.ts"
import { find } from "./scan.ts"

const UNBOUNDED: Limits = { maxFiles: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }

const storageOver = (files: Map<string, string>): Storage => ({
  path: undefined,
  write: (name, text) => Effect.sync(() => void files.set(name, text)),
  read: (name) => Effect.sync(() => Option.fromNullishOr(files.get(name))),
  remove: (name) => Effect.sync(() => void files.delete(name)),
  names: Effect.sync(() => [...files.keys()]),
})

/** @param files by their names, e.g. `failed_1699040123_0.json`; what is in them is there from the start */
export const make = (files?: Map<string, string>, limits = UNBOUNDED) =>
  Effect.gen(function* () {
    const storage = storageOver(files ?? new Map())
    const letters = yield* keepLetters(storage, limits, yield* find(storage, true))
    yield* letters.ready
    return letters
  })

export const layer = (files?: Map<string, string>, limits?: Limits): Layer.Layer<DeadLetters> =>
  Layer.effect(DeadLetters, Effect.orDie(make(files, limits)))
