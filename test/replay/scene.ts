/** Replays over the chain in memory, with letters that outlast what a test calls a process. */
import { Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type DeadLetterReason, DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import * as MemoryDeadLetters from "../../src/dead-letters/MemoryDeadLetters.ts"
import { canaries } from "../../src/verify/Canary.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { Chain, idOf, type Record } from "../pipeline/chain.ts"
import { withoutLogs } from "../support/logRecorder.ts"

export const records = (count: number): ReadonlyArray<Record> =>
  Array.from({ length: count }, (_, n) => ({ serial: n, ts: n * 100 }))

export class Scene extends Chain {
  /** The folder. */
  readonly files = new Map<string, string>()

  /** Everything that one process has. */
  process<A, E>(steps: Effect.Effect<A, E, Layer.Success<Chain["layer"]>>) {
    const layer = Layer.mergeAll(this.layer, MemoryDeadLetters.layer(this.files))
    return steps.pipe(Effect.provide(layer), withoutLogs)
  }

  /** A letter for each record that the reason is given for. */
  putLetters(reasonOf: (n: number) => DeadLetterReason | undefined = () => "normalization_failed") {
    return Effect.gen({ self: this }, function* () {
      const { put } = yield* DeadLetters
      for (const record of this.records) {
        const reason = reasonOf(record.serial)
        if (reason !== undefined)
          yield* put({ envelope: this.envelopeOf(record.serial), reason, error: "broken", attempts: 1 })
      }
    })
  }

  /** Events of records, without canaries. */
  get sentRecords(): ReadonlyArray<string> {
    return this.sent.filter((id) => id.startsWith("event-"))
  }
  get waiting(): ReadonlyArray<string> {
    return [...this.files.values()].map((text) => JSON.parse(text).envelope.id)
  }
  get twice(): ReadonlyArray<string> {
    return [...this.indexer.documents].filter(([, copies]) => copies > 1).map(([id]) => id)
  }
  /** Neither searchable nor a letter. */
  get lost(): ReadonlyArray<string> {
    return this.records
      .map(idOf)
      .filter((id) => !this.indexer.documents.has(id) && !this.waiting.includes(id))
  }
}

/** Begins it, beside what a run has beside its feeds. */
export const begun = Effect.fnUntraced(function* <A, E, R>(work: Effect.Effect<A, E, R>) {
  const beside = Effect.raceFirst((yield* Verifier).watch, canaries({ interval: () => Duration.zero }))
  return yield* Effect.forkChild(Effect.raceFirst(beside, work))
})

const STEP = 50

/** Time passes in small steps, as it does for real. */
export const passing = (duration: Duration.Input) =>
  Effect.repeat(TestClock.adjust(STEP), { times: Duration.toMillis(duration) / STEP - 1 })

/** Time passes until it has come to its end. */
export const carriedOut = Effect.fnUntraced(function* <A, E, R>(work: Effect.Effect<A, E, R>) {
  const working = yield* begun(work)
  yield* TestClock.adjust(STEP).pipe(
    Effect.repeat({ while: () => working.pollUnsafe() === undefined, times: 20_000 }),
  )
  return yield* Fiber.join(working)
})
