/** What is told of a run: a heartbeat, and what has changed since the last look. */
import { Clock, Duration, Effect, Ref, Schedule } from "effect"
import { neverIfZero, sleepAsSet } from "../config/NextReload.ts"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import { iso } from "../domain/isoTime.ts"
import { type StalledStage, Verifier } from "../verify/Verifier.ts"
import { RunStatus } from "./RunStatus.ts"
import { StatusEvents } from "./StatusEvents.ts"
import type { StatusFields, StatusKind } from "./statusJson.ts"
import { dueTroubles, type ToldTroubles, type Trouble, troublesOf } from "./troubles.ts"

export interface WatchOptions {
  readonly version: string
  /** Zero: no heartbeats. Asked at each use: it may change while Waybill runs. */
  readonly heartbeat: () => Duration.Duration
}

const LOOK_EVERY = Duration.seconds(15)

/** A run at one moment. Epoch milliseconds. */
export interface Glance {
  readonly now: number
  readonly unconfirmed: number
  /** Nothing arrives any more, since when, and where it is stuck. */
  readonly stalled: { readonly since: number; readonly stage: StalledStage } | undefined
  readonly indexer: "unknown" | "available" | "unavailable"
  /** Dead letters written in this run. */
  readonly deadLetters: number
  readonly troubles: ReadonlyArray<Trouble>
}

/** What has been told so far. */
export interface Told {
  readonly stalledSince: number | undefined
  readonly deadLetters: number
  readonly troubles: ToldTroubles
}

export const NOTHING_TOLD: Told = { stalledSince: undefined, deadLetters: 0, troubles: new Map() }

export interface Change {
  readonly kind: StatusKind
  readonly message: string
  readonly fields: StatusFields
}

const CAUSES: Readonly<Record<StalledStage, string>> = {
  indexer: "the indexer does not answer searches",
  writer: "the manager takes no events",
  chain:
    "the indexer answers and does not have them, so look at the manager, Filebeat and the indexer's disk",
}

/** What a glance adds to what has been told. Pure. */
export const changesOf = (
  told: Told,
  { deadLetters, now, stalled, troubles, unconfirmed }: Glance,
): { readonly told: Told; readonly changes: ReadonlyArray<Change> } => {
  const changes: Array<Change> = []
  const { stalledSince } = told
  if (stalled !== undefined && stalledSince === undefined) {
    const since = iso(stalled.since)
    changes.push({
      kind: "stalled",
      message: `Nothing has arrived since ${since}, and ${unconfirmed === 0 ? "events wait" : `${unconfirmed} events are on their way`}: ${CAUSES[stalled.stage]}. Nothing is committed until they arrive.`,
      fields: { stage: stalled.stage, since, unconfirmed },
    })
  }
  if (stalled === undefined && stalledSince !== undefined) {
    const since = iso(stalledSince)
    changes.push({
      kind: "recovered",
      message: `Events arrive again; they did not since ${since}.`,
      fields: { since, seconds: Math.round((now - stalledSince) / 1000) },
    })
  }
  const letters = deadLetters - told.deadLetters
  if (letters > 0) {
    changes.push({
      kind: "dead_letters",
      message: `${letters} records could not be delivered and were set aside; each file in the folder of dead letters says why.`,
      fields: { new: letters, written: deadLetters },
    })
  }
  const errors = dueTroubles(told.troubles, troubles, now)
  for (const { fields, message } of errors.due) changes.push({ kind: "error", message, fields })
  return {
    changes,
    told: {
      stalledSince: stalled === undefined ? undefined : (stalledSince ?? stalled.since),
      deadLetters,
      troubles: errors.told,
    },
  }
}

const look = Effect.gen(function* () {
  const verifier = yield* Verifier
  const letters = yield* DeadLetters
  const { events, indexer, stalled } = yield* verifier.status
  return {
    now: yield* Clock.currentTimeMillis,
    unconfirmed: events,
    stalled,
    indexer,
    deadLetters: (yield* letters.stats).written,
    troubles: troublesOf(yield* (yield* RunStatus).snapshot),
  } satisfies Glance
})

const heartbeats = Effect.fnUntraced(function* ({ heartbeat, version }: WatchOptions) {
  const events = yield* StatusEvents
  const verifier = yield* Verifier
  const startedAt = yield* Clock.currentTimeMillis
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
  return yield* Effect.forever(
    Effect.andThen(
      sleepAsSet(() => neverIfZero(heartbeat())),
      beat,
    ),
  )
})

const changes = Effect.gen(function* () {
  const events = yield* StatusEvents
  const told = yield* Ref.make(NOTHING_TOLD)
  const tell = Effect.gen(function* () {
    const found = changesOf(yield* Ref.get(told), yield* look)
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
  return yield* Effect.raceFirst(events.deliver, Effect.raceFirst(heartbeats(options), changes))
})
