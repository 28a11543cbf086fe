/** What is told of a run: a heartbeat, and what has changed since the last look. */
import { Clock, Duration, Effect, Ref, Schedule } from "effect"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import { Verifier } from "../verify/Verifier.ts"
import { StatusEvents } from "./StatusEvents.ts"
import type { StatusFields, StatusKind } from "./statusJson.ts"

export interface WatchOptions {
  readonly version: string
  /** Zero: no heartbeats. */
  readonly heartbeat: Duration.Duration
  /** What is unconfirmed for so long has stalled. */
  readonly stalledAfter: Duration.Duration
}

const LOOK_EVERY = Duration.seconds(15)

/** A run at one moment. Epoch milliseconds. */
export interface Glance {
  readonly now: number
  readonly unconfirmed: number
  readonly oldestWrittenAt: number | undefined
  readonly indexer: "unknown" | "available" | "unavailable"
  /** Dead letters written in this run. */
  readonly deadLetters: number
}

/** What has been told so far. */
export interface Told {
  readonly stalledSince: number | undefined
  readonly deadLetters: number
}

export const NOTHING_TOLD: Told = { stalledSince: undefined, deadLetters: 0 }

export interface Change {
  readonly kind: StatusKind
  readonly message: string
  readonly fields: StatusFields
}

const iso = (millis: number): string => new Date(millis).toISOString()

/** What a glance adds to what has been told. Pure. */
export const changesOf = (
  told: Told,
  glance: Glance,
  stalledAfter: number,
): { readonly told: Told; readonly changes: ReadonlyArray<Change> } => {
  const { now, oldestWrittenAt, unconfirmed } = glance
  const changes: Array<Change> = []
  const isStalled = oldestWrittenAt !== undefined && now - oldestWrittenAt >= stalledAfter
  if (isStalled && told.stalledSince === undefined) {
    const stage = glance.indexer === "unavailable" ? "search" : "arrival"
    const cause =
      stage === "search"
        ? "the indexer does not answer searches"
        : "the indexer answers, but does not have them: check the manager and Filebeat"
    changes.push({
      kind: "stalled",
      message: `${unconfirmed} events written since ${iso(oldestWrittenAt)} are not confirmed: ${cause}. Nothing is committed until they are.`,
      fields: { stage, since: iso(oldestWrittenAt), unconfirmed },
    })
  }
  const { stalledSince } = told
  if (!isStalled && stalledSince !== undefined) {
    changes.push({
      kind: "recovered",
      message: `Events are confirmed again; they were not since ${iso(stalledSince)}.`,
      fields: { since: iso(stalledSince), seconds: Math.round((now - stalledSince) / 1000) },
    })
  }
  const letters = glance.deadLetters - told.deadLetters
  if (letters > 0) {
    changes.push({
      kind: "dead_letters",
      message: `${letters} records could not be delivered and were set aside; each file in the folder of dead letters says why.`,
      fields: { new: letters, written: glance.deadLetters },
    })
  }
  return {
    changes,
    told: {
      stalledSince: isStalled ? (stalledSince ?? oldestWrittenAt) : undefined,
      deadLetters: glance.deadLetters,
    },
  }
}

const look = Effect.gen(function* () {
  const verifier = yield* Verifier
  const letters = yield* DeadLetters
  const { events, indexer, oldestWrittenAt } = yield* verifier.status
  return {
    now: yield* Clock.currentTimeMillis,
    unconfirmed: events,
    oldestWrittenAt,
    indexer,
    deadLetters: yield* letters.written,
  } satisfies Glance
})

const heartbeats = Effect.fnUntraced(function* ({ heartbeat, version }: WatchOptions) {
  const events = yield* StatusEvents
  const verifier = yield* Verifier
  const startedAt = yield* Clock.currentTimeMillis
  if (Duration.isZero(heartbeat)) return yield* Effect.never
  const beat = Effect.gen(function* () {
    const { lagMillis } = yield* verifier.status
    const glance = yield* look
    yield* events.emit("heartbeat", `Waybill ${version} is running.`, {
      version,
      uptime_seconds: Math.round((glance.now - startedAt) / 1000),
      unconfirmed: glance.unconfirmed,
      lag_ms: lagMillis,
      indexer: glance.indexer,
      dead_letters: glance.deadLetters,
      dropped: yield* events.dropped,
    })
  })
  // The first one after an interval: at the start the manager may still be starting, too.
  return yield* Effect.forever(Effect.delay(beat, heartbeat))
})

const changes = Effect.fnUntraced(function* ({ stalledAfter }: WatchOptions) {
  const events = yield* StatusEvents
  const told = yield* Ref.make(NOTHING_TOLD)
  const tell = Effect.gen(function* () {
    const found = changesOf(yield* Ref.get(told), yield* look, Duration.toMillis(stalledAfter))
    yield* Ref.set(told, found.told)
    yield* Effect.forEach(found.changes, ({ kind, message, fields }) => events.emit(kind, message, fields), {
      discard: true,
    })
  })
  yield* Effect.repeat(tell, Schedule.spaced(LOOK_EVERY))
  return yield* Effect.never
})

/** Writes heartbeats and what changes into Wazuh, beside the work. Never ends. */
export const tellStatus = Effect.fnUntraced(function* (options: WatchOptions) {
  const events = yield* StatusEvents
  return yield* Effect.raceFirst(events.deliver, Effect.raceFirst(heartbeats(options), changes(options)))
})
