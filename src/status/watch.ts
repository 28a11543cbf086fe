/** What is told of a run: a heartbeat, and what has changed since the last look. */
import { Clock, Duration, Effect, Ref, Schedule } from "effect"
import { neverIfZero, sleepAsSet } from "../config/NextReload.ts"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import { iso } from "../domain/isoTime.ts"
import { type StalledStage, Verifier } from "../verify/Verifier.ts"
import { type RunSnapshot, RunStatus } from "./RunStatus.ts"
import { StatusEvents } from "./StatusEvents.ts"
import type { StatusFields, StatusKind } from "./statusJson.ts"
import { dueTroubles, LASTS_MILLIS, type ToldTroubles, type Trouble, troublesOf } from "./troubles.ts"

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
  readonly unseen: ReadonlyArray<UnseenGlance>
}

/** A kind of a feed's events of which none can be found. `since`: epoch milliseconds. */
export interface UnseenGlance {
  readonly feed: FeedName
  readonly kind: string
  readonly since: number
  readonly events: number
}

/** What has been told so far. */
export interface Told {
  readonly stalledSince: number | undefined
  readonly deadLetters: number
  readonly troubles: ToldTroubles
  readonly unseen: ReadonlyArray<UnseenGlance>
}

export const NOTHING_TOLD: Told = { stalledSince: undefined, deadLetters: 0, troubles: new Map(), unseen: [] }

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
  { deadLetters, now, stalled, troubles, unconfirmed, unseen }: Glance,
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
  const isOf = (one: UnseenGlance) => (other: UnseenGlance) =>
    other.feed === one.feed && other.kind === one.kind && other.since === one.since
  const lasting = unseen.filter(({ since }) => now - since >= LASTS_MILLIS)
  for (const one of lasting.filter((seen) => !told.unseen.some(isOf(seen)))) {
    const since = iso(one.since)
    changes.push({
      kind: "stalled",
      message: `None of ${one.events} ${one.kind} events of ${one.feed} can be found since ${since}, though canaries can: the indexer's user may not see them, or they are not indexed, or they were dropped. They are held, and written again only when it is known that they are lost.`,
      fields: { stage: "feed", feed: one.feed, event_kind: one.kind, since, unconfirmed: one.events },
    })
  }
  for (const one of told.unseen.filter((before) => !unseen.some(isOf(before))))
    changes.push({
      kind: "recovered",
      message: `${one.kind} events of ${one.feed} can be found again, or are settled; they could not since ${iso(one.since)}.`,
      fields: {
        feed: one.feed,
        event_kind: one.kind,
        since: iso(one.since),
        seconds: Math.round((now - one.since) / 1000),
      },
    })
  const errors = dueTroubles(told.troubles, troubles, now)
  for (const { fields, message } of errors.due) changes.push({ kind: "error", message, fields })
  return {
    changes,
    told: {
      stalledSince: stalled === undefined ? undefined : (stalledSince ?? stalled.since),
      deadLetters,
      troubles: errors.told,
      unseen: lasting,
    },
  }
}

const unseenOf = ({ feeds }: RunSnapshot): ReadonlyArray<UnseenGlance> =>
  [...feeds.values()].flatMap(({ feed, unseen }) =>
    [...unseen].map(([kind, { held, since }]) => ({
      feed,
      kind,
      since,
      events: [...held.values()].reduce((sum, events) => sum + events, 0),
    })),
  )

const look = Effect.gen(function* () {
  const verifier = yield* Verifier
  const letters = yield* DeadLetters
  const { events, indexer, stalled } = yield* verifier.status
  const run = yield* (yield* RunStatus).snapshot
  return {
    now: yield* Clock.currentTimeMillis,
    unconfirmed: events,
    stalled,
    indexer,
    deadLetters: (yield* letters.stats).written,
    troubles: troublesOf(run),
    unseen: unseenOf(run),
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
