/** What a replay would do with letters, as far as that can be said without sending: whether events can be made of them. */
import { Effect, Result, Stream } from "effect"
import { fromText } from "../domain/Envelope.ts"
import { Normalizers } from "../normalizers/Registry.ts"
import type { ReplayFailure } from "./replayLetters.ts"
import { type ReplayRequest, selected } from "./selection.ts"

export interface DryRun {
  readonly taken: number
  /** Events can be made of them now. Whether Wazuh takes them is seen only when they are sent. */
  readonly deliverable: number
  readonly failing: number
  /** The first of those that would fail. */
  readonly failures: ReadonlyArray<ReplayFailure>
}

export const dryRun = Effect.fnUntraced(function* (request: ReplayRequest, named: number) {
  const { normalize } = yield* Normalizers
  const failures: Array<ReplayFailure> = []
  let taken = 0
  let failing = 0
  yield* selected({ ...request, perSecond: undefined }).pipe(
    Stream.flattenIterable,
    Stream.runForEach(({ file, key }) =>
      Effect.sync(() => {
        taken += 1
        const event = fromText(file.envelope).pipe(
          Result.mapError((message) => ({ reason: "normalization_failed", message })),
          Result.flatMap(normalize),
        )
        if (Result.isSuccess(event)) return
        failing += 1
        const { message, reason } = event.failure
        if (failures.length < named)
          failures.push({ key, event_id: file.envelope.id, reason, error: message })
      }),
    ),
  )
  return { taken, deliverable: taken - failing, failing, failures } satisfies DryRun
})
