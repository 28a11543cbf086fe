/** Dead letters, worked on by a command while no `waybill run` does. */
import { Data, Effect, Runtime } from "effect"
import { CliError } from "effect/cli"
import { Configuration } from "../config/Configuration.ts"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import { dryRun } from "../replay/dryRun.ts"
import { type ReplayCounts, replayLetters } from "../replay/replayLetters.ts"
import type { ReplayRequest } from "../replay/selection.ts"
import { canSearch } from "./canSearch.ts"
import { deliverAlone } from "./deliverAlone.ts"
import * as Layers from "./layers.ts"

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

const ADVICE =
  "Ask that one by its admin API (docs/operations.md, Dead letters), or stop it first; `waybill dlq list` and `show` work beside it."

/** Delivers letters and removes those whose event a search has returned. */
export const replayAlone = Effect.fnUntraced(function* (
  request: ReplayRequest,
  onProgress: (counts: ReplayCounts) => Effect.Effect<void>,
) {
  yield* enabled
  yield* canSearch
  return yield* Effect.gen(function* () {
    const { pending } = yield* (yield* DeadLetters).stats
    const replaying = replayLetters(request, onProgress)
    return yield* pending === 0 ? replaying : deliverAlone(replaying)
  }).pipe(Effect.provide(Layers.deliveringLayer("waybill dlq replay", ADVICE)))
})

/** Whether events can be made of them now. Sends and changes nothing, and needs neither manager nor lock. */
export const replayDryRun = (request: ReplayRequest, named: number) =>
  dryRun(request, named).pipe(Effect.provide(Layers.lettersLookingLayer))

/** Holds the lock for as long as `work` takes. */
export const withLetters = <A, E, R>(command: string, work: Effect.Effect<A, E, R>) =>
  Effect.andThen(enabled, work.pipe(Effect.provide(Layers.lettersLayer(command, ADVICE))))
