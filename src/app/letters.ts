/** Dead letters, worked on by a command: by itself, or through the `waybill run` that holds them. */
import { Data, Effect, Option, Runtime } from "effect"
import { CliError } from "effect/cli"
import { type AdminApiFailed, AdminClient } from "../admin/client.ts"
import { Configuration } from "../config/Configuration.ts"
import {
  type DeadLetterError,
  type DeadLetterFile,
  DeadLetters,
  type LetterFilter,
} from "../dead-letters/DeadLetters.ts"
import { dryRun } from "../replay/dryRun.ts"
import { type ReplayCounts, replayLetters } from "../replay/replayLetters.ts"
import type { ReplayRequest } from "../replay/selection.ts"
import { canSearch } from "./canSearch.ts"
import { deliverAlone } from "./deliverAlone.ts"
import * as Layers from "./layers.ts"
import { isHeldByRun, lettersOfRun, replayByRun } from "./lettersOfRun.ts"

/** `dlq.enabled: false`. */
export class LettersDisabled extends Data.TaggedError("LettersDisabled")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

const enabled = Effect.gen(function* () {
  const { dlq } = yield* Configuration
  if (dlq.enabled) return
  return yield* new LettersDisabled({
    message: `dlq.enabled is false, so no letters are kept. To work on those of earlier in ${dlq.base_path}, set it to true.`,
  })
})

const ADVICE = "Wait until it has ended; `waybill dlq list` and `show` work beside it."

const replayAlone = Effect.fnUntraced(function* (
  request: ReplayRequest,
  onProgress: (counts: ReplayCounts) => Effect.Effect<void>,
) {
  yield* canSearch
  return yield* Effect.gen(function* () {
    const { pending } = yield* (yield* DeadLetters).stats
    const replaying = replayLetters(request, onProgress)
    return yield* pending === 0 ? replaying : deliverAlone(replaying)
  }).pipe(Effect.provide(Layers.deliveringLayer("waybill dlq replay", ADVICE)))
})

/** Delivers letters and removes those whose event a search has returned. A run that is asked tells no progress. */
export const replay = Effect.fnUntraced(function* (
  request: ReplayRequest,
  onProgress: (counts: ReplayCounts) => Effect.Effect<void>,
) {
  yield* enabled
  return yield* replayAlone(request, onProgress).pipe(Effect.catchIf(isHeldByRun, () => replayByRun(request)))
})

/** Whether events can be made of them now. Sends and changes nothing, and needs neither manager nor lock. */
export const replayDryRun = (request: ReplayRequest, named: number) =>
  dryRun(request, named).pipe(Effect.provide(Layers.lettersLookingLayer))

/** What a purge needs of the letters, whoever holds them. A letter is named by its key or by its event's id. */
export interface LettersToPurge {
  readonly pending: Effect.Effect<number, AdminApiFailed>
  readonly get: (
    name: string,
  ) => Effect.Effect<Option.Option<DeadLetterFile>, DeadLetterError | AdminApiFailed>
  readonly remove: (name: string) => Effect.Effect<void, DeadLetterError | AdminApiFailed>
  readonly purge: (filter: LetterFilter) => Effect.Effect<void, DeadLetterError | AdminApiFailed>
}

const lettersAlone = Effect.map(DeadLetters, (letters): LettersToPurge => {
  const keyOf = (name: string) => letters.find(name) ?? name
  return {
    pending: Effect.map(letters.stats, ({ pending }) => pending),
    get: (name) => Effect.map(letters.get(keyOf(name)), (letter) => Option.map(letter, ({ file }) => file)),
    remove: (name) => Effect.asVoid(letters.remove(keyOf(name))),
    purge: (filter) => Effect.asVoid(letters.purge(filter)),
  }
})

/** Holds the lock for as long as `work` takes, or asks the run that holds it. */
export const withLetters = Effect.fnUntraced(function* <A, E, R>(
  command: string,
  work: (letters: LettersToPurge) => Effect.Effect<A, E, R>,
) {
  yield* enabled
  const alone = Effect.flatMap(lettersAlone, work).pipe(Effect.provide(Layers.lettersLayer(command, ADVICE)))
  const byRun = Effect.flatMap(lettersOfRun, work).pipe(Effect.provide(AdminClient.layer))
  return yield* alone.pipe(Effect.catchIf(isHeldByRun, () => byRun))
})
