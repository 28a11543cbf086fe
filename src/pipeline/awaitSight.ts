/**
 * Holds what is lost of a kind until something of that kind can be seen: a canary of the feed that was written after the
 * loss, or the events themselves. It looks at a growing, capped interval, and each look is one search.
 */
import { randomUUID } from "node:crypto"
import { Clock, Duration, Effect } from "effect"
import type { FeedName } from "../domain/Checkpoint.ts"
import { anySentSince, type Event } from "../domain/Event.ts"
import { iso } from "../domain/isoTime.ts"
import { LongestWait } from "../retry/LongestWait.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { feedCanaryJson } from "../verify/feedCanary.ts"
import { Verifier } from "../verify/Verifier.ts"
import { writeHolding } from "../writers/Held.ts"
import { kindOf, Sightings } from "./Sightings.ts"

export interface Unseen {
  readonly feed: FeedName
  readonly batch: string
  /** All of one kind. */
  readonly events: ReadonlyArray<Event>
  /** When the last write of them had ended, epoch milliseconds. */
  readonly writtenAt: number
  /** How often an event of them was written again and did not arrive either. */
  readonly scouts: number
}

const FIRST_LOOK = Duration.millis(500)
/** A canary may be lost itself, and one that the rules took away does not come back when they are mended. */
const CANARY_EVERY = 10
const MOST_CANARIES = 20
/** Of the held events; where one can be seen, the next proof finds the others. */
const SAMPLES = 100
/** A scout may turn out to be a second copy, when a role hides events by what no canary has: so they are few. */
const MOST_BETWEEN_SCOUTS = Duration.hours(6)

export const pauseBeforeScout = (scouts: number): Duration.Duration =>
  scouts === 0
    ? Duration.zero
    : Duration.min(MOST_BETWEEN_SCOUTS, Duration.minutes(2 ** Math.min(scouts - 1, 12)))

export const causesOf = (kind: string, events: number): string =>
  `None of ${events} written ${kind} events can be found, though canaries written later can. One of three: ` +
  "the indexer's user may not see them (a document filter, field filter or mask in its role, or an indexer.index_pattern " +
  "without their index); they are not indexed (Waybill's rules or decoder changed, log_alert_level, a read-only index); " +
  "or they were dropped on the way. They are held: nothing of them is written again or given up before an event or a " +
  "canary of this kind is found. waybill check looks at each of these."

const sendCanary = Effect.fnUntraced(function* (event: Event) {
  const batch = `canary-${randomUUID()}`
  const id = `${batch}-0`
  const startedAt = yield* Clock.currentTimeMillis
  const attempt = { batch, attempt: 1, sentAt: iso(startedAt) }
  yield* writeHolding([feedCanaryJson(event, id, attempt)], { batch })
  return [id, startedAt] as const
})

const look = Effect.fnUntraced(function* ({ events, scouts, writtenAt }: Unseen, [first]: readonly [Event]) {
  const verifier = yield* Verifier
  const sightings = yield* Sightings
  const maxDelay = Duration.toMillis(yield* LongestWait)
  const kind = kindOf(first)
  const canaryFrom = (yield* Clock.currentTimeMillis) + Duration.toMillis(pauseBeforeScout(scouts))
  const samples = events.slice(0, SAMPLES)
  const since = Math.min(anySentSince(samples), writtenAt)
  let canaries: ReadonlyArray<readonly [string, number]> = []
  let canaryAt = canaryFrom
  let canaryPause = maxDelay
  let pause = Math.min(maxDelay, Duration.toMillis(FIRST_LOOK))
  for (;;) {
    const now = yield* Clock.currentTimeMillis
    if (now >= canaryAt) {
      canaries = [...canaries, yield* sendCanary(first)].slice(-MOST_CANARIES)
      canaryAt = now + canaryPause
      canaryPause = Math.min(CANARY_EVERY * maxDelay, canaryPause * 2)
    }
    yield* Effect.sleep(pause)
    pause = Math.min(maxDelay, pause * 2)
    const found = yield* verifier.known({
      ids: [...canaries.map(([id]) => id), ...samples.map(({ id }) => id)],
      since,
    })
    const arrived = samples.filter(({ id }) => found.has(id))
    if (arrived.length > 0) return
    const seen = canaries.findLast(([id]) => found.has(id))
    if (seen === undefined) continue
    sightings.sawCanary(kind, seen[1])
    return
  }
})

/**
 * Waits until the kind of these events can be seen again; whoever waits asks anew for the events then, since what has
 * opened the sight of one may have opened it of all.
 */
export const awaitSight = Effect.fnUntraced(function* (unseen: Unseen) {
  const { events, feed, scouts, writtenAt } = unseen
  const [first] = events
  if (first === undefined) return
  const sightings = yield* Sightings
  const kind = kindOf(first)
  if (yield* (yield* RunStatus).unseen(feed, { kind, batch: unseen.batch, events: events.length }))
    yield* Log.warning("feed.unseen", causesOf(kind, events.length), {
      feed,
      batch: unseen.batch,
      kind,
      events: events.length,
    })
  const isAnswered = () => scouts === 0 && (sightings.of(kind).canary ?? 0) > writtenAt
  yield* sightings.inTurn(kind)(Effect.suspend(() => (isAnswered() ? Effect.void : look(unseen, [first]))))
})

/** Says so, once nothing of a kind is held any more. Does nothing for what was not. */
export const inSight = Effect.fnUntraced(function* ({
  batch,
  events,
  feed,
}: Omit<Unseen, "writtenAt" | "scouts">) {
  const [first] = events
  if (first === undefined) return
  const kind = kindOf(first)
  const since = yield* (yield* RunStatus).seen(feed, { kind, batch })
  if (since === undefined) return
  yield* Log.info("feed.seen", `${kind} events can be found again, or what was held of them is settled`, {
    feed,
    batch,
    kind,
    since: iso(since),
    unseen_ms: (yield* Clock.currentTimeMillis) - since,
  })
})
