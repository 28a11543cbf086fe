/**
 * Settles the events of one write: asks for them until each is returned by a search, or a dead letter.
 *
 * What is proven lost is written again, and given up after `maxAttempts` losses that say something about the event
 * (`verify/loss.ts`). Where all of a kind is lost neither happens before something of the kind can be seen
 * (`verify/sight.ts`).
 */
import { Duration, Effect, Option } from "effect"
import type { DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { Event } from "../domain/Event.ts"
import { LongestWait } from "../retry/LongestWait.ts"
import * as Log from "../telemetry/log.ts"
import { count, observe } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import { countsAgainstEvents } from "../verify/loss.ts"
import { judgeWholeLoss } from "../verify/sight.ts"
import { type Evidence, Verifier } from "../verify/Verifier.ts"
import { PacingEvidence } from "../writers/pacing/StatsPacing.ts"
import type { Writer } from "../writers/Writer.ts"
import { awaitSight, inSight } from "./awaitSight.ts"
import { Policies } from "./Policies.ts"
import type { WrittenShipment } from "./Shipment.ts"
import { kindOf, Sightings } from "./Sightings.ts"
import { setAside } from "./setAside.ts"
import { writeAttempt } from "./write.ts"

const lossMessage = (event: Event, attempts: number, evidence: Evidence): string =>
  `${event.type} ${event.id} was written ${attempts} times and never became searchable. Of what was written just ` +
  `with it the last time, ${evidence.neighbours} events did; and ${evidence.laterConfirmed} written after it were ` +
  `searchable on all ${evidence.shards} shards of ${evidence.index} at ${new Date(evidence.since).toISOString()}. ` +
  "The manager or the indexer refuses this event: look for it in the manager's ossec.log and the indexer's log, " +
  "then replay it."

export const idsWithout = (all: ReadonlyArray<Event>, some: ReadonlyArray<Event>): Array<string> => {
  if (all.length === some.length) return []
  const left = new Set(some.map(({ id }) => id))
  return all.flatMap(({ id }) => (left.has(id) ? [] : [id]))
}

/** Grows with each loss of everything, so that a chain that swallows all is not flooded meanwhile. */
const pauseAfterLossOfAll = (times: number, longestWait: Duration.Duration): Duration.Duration =>
  times <= 1 ? Duration.zero : Duration.min(longestWait, Duration.seconds(2 ** Math.min(times, 16)))

/** Events of a batch that share what has become of them so far. */
export interface Part {
  readonly events: ReadonlyArray<Event>
  /** How many of the batch there were of their kinds. */
  readonly of: number
  readonly attempt: number
  /** Of the last attempt, epoch milliseconds. */
  readonly startedAt: number
  readonly writtenAt: number
  /** Attempts that say something about the events that are still missing, and those that lost everything. */
  readonly counted: number
  readonly lostWhole: number
  /** Whether some of the attempt's events are in other parts: then it is asked for by name, and not counted. */
  readonly isSplit: boolean
  /** How often one was written again to see whether its kind can be seen, in vain. */
  readonly scouts: number
  /** Why all of them are lost, where that is known already. */
  readonly lost: Evidence | undefined
}

/** What has become of the parts of a batch, gathered as they are settled. */
export interface Outcome {
  dead: number
  duplicated: number
  confirmedAt: number | undefined
  /** When the attempt that was confirmed last had ended. */
  confirmedWrite: number
  index: string | undefined
  attempts: number
  readonly deadIds: Array<string>
}

const byKind = (events: ReadonlyArray<Event>): ReadonlyMap<string, ReadonlyArray<Event>> => {
  const kinds = new Map<string, Array<Event>>()
  for (const event of events) {
    const kind = kinds.get(kindOf(event)) ?? []
    kinds.set(kindOf(event), kind)
    kind.push(event)
  }
  return kinds
}

/** Waits until all of a part is settled, whatever it takes. */
export const settle = Effect.fnUntraced(function* (
  shipment: WrittenShipment,
  part: Part,
  outcome: Outcome,
): Effect.fn.Return<void, never, Verifier | DeadLetters | Policies | Writer | Sightings> {
  const { feed, id: batch } = shipment.batch
  const verifier = yield* Verifier
  const sightings = yield* Sightings
  const { maxAttempts } = yield* Policies
  const longestWait = yield* LongestWait
  // Only a writer that can be paced has it.
  const pacing = yield* Effect.serviceOption(PacingEvidence)

  /** Writes some of a part once more. */
  const writeAgain = Effect.fnUntraced(function* (events: ReadonlyArray<Event>, attempt: number) {
    const again = yield* writeAttempt({ feed, batch, attempt }, events)
    yield* count(METRICS.eventsReinjected, { feed }, again.written.length)
    outcome.dead += events.length - again.written.length
    outcome.deadIds.push(...idsWithout(events, again.written))
    outcome.attempts = Math.max(outcome.attempts, attempt)
    return again
  })

  /** One search after the other, until it says what has become of these. */
  const ask = Effect.fnUntraced(function* ({ attempt, events, isSplit, startedAt, writtenAt }: Part) {
    const verdict = yield* verifier.confirm({
      feed,
      batch,
      ids: events.map(({ id }) => id),
      attempt: isSplit ? Math.max(2, attempt) : attempt,
      startedAt,
      writtenAt,
    })
    outcome.duplicated += verdict.duplicated
    yield* count(METRICS.duplicates, { feed }, verdict.duplicated)
    const missing = new Set(verdict._tag === "Lost" ? verdict.missing : [])
    sightings.sawEvents(
      events.filter(({ id }) => !missing.has(id)),
      startedAt,
    )
    if (verdict._tag === "Confirmed") {
      outcome.confirmedAt = Math.max(outcome.confirmedAt ?? 0, verdict.confirmedAt)
      outcome.confirmedWrite = Math.max(outcome.confirmedWrite, writtenAt)
      // What was written again may lie in another one.
      outcome.index = attempt === 1 && !isSplit ? verdict.index : undefined
      // Equal where nobody searched, see verify.mode: that tells of no lag.
      if (verdict.confirmedAt > writtenAt)
        yield* observe(METRICS.indexLag, { feed }, (verdict.confirmedAt - writtenAt) / 1000)
    }
    return verdict
  })

  /** One of them, written again, tells whether real events of the kind can be seen. Answers what is left, if any is. */
  const sendScout = Effect.fnUntraced(function* (
    lost: Part,
  ): Effect.fn.Return<Part, never, DeadLetters | Policies | Writer> {
    const attempt = lost.attempt + 1
    const { startedAt, writtenAt, written } = yield* writeAgain(lost.events.slice(0, 1), attempt)
    const others = { ...lost, events: lost.events.slice(1), isSplit: true }
    if (written.length === 0) return others
    const verdict = yield* ask({ ...others, events: written, attempt, startedAt, writtenAt })
    return verdict._tag === "Confirmed"
      ? others
      : { ...lost, attempt, writtenAt, isSplit: true, scouts: lost.scouts + 1 }
  })

  let left = part
  while (left.events.length > 0) {
    let evidence = left.lost
    if (evidence === undefined) {
      const verdict = yield* ask(left)
      if (verdict._tag === "Confirmed") {
        if (Option.isSome(pacing)) yield* pacing.value.confirmed
        break
      }
      const missing = new Set(verdict.missing)
      left = { ...left, events: left.events.filter(({ id }) => missing.has(id)) }
      evidence = verdict.evidence
    }
    const kinds = [...byKind(left.events)].map(
      ([kind, events]) => [events, judgeWholeLoss(sightings.of(kind), left)] as const,
    )
    if (kinds.length > 1 && kinds.some(([, judged]) => judged !== "proven")) {
      const proven = kinds.flatMap(([events, judged]) => (judged === "proven" ? events : []))
      const others = kinds.flatMap(([events, judged]) => (judged === "proven" ? [] : [events]))
      const whole = byKind(shipment.toWrite)
      const partOf = (events: ReadonlyArray<Event>): Part => ({
        ...left,
        events,
        lost: evidence,
        of: [...byKind(events).keys()].reduce((sum, kind) => sum + (whole.get(kind)?.length ?? 0), 0),
        isSplit: true,
      })
      // Each goes its own way from here, so that what is held holds nothing else.
      yield* Effect.forEach([proven, ...others], (events) => settle(shipment, partOf(events), outcome), {
        concurrency: "unbounded",
        discard: true,
      })
      break
    }
    const judged = kinds[0]?.[1]
    if (judged === "hold") {
      yield* awaitSight({ ...left, feed, batch })
      left = { ...left, isSplit: true, lost: undefined }
      continue
    }
    if (judged === "scout") {
      left = { ...(yield* sendScout(left)), lost: undefined }
      continue
    }
    yield* inSight({ ...left, feed, batch })
    const { events } = left
    if (Option.isSome(pacing)) yield* pacing.value.lost
    yield* count(METRICS.eventsLost, { feed }, events.length)
    const { neighbours } = evidence
    if (countsAgainstEvents({ events: left.of, confirmed: left.of - events.length, neighbours }))
      left = { ...left, counted: left.counted + 1 }
    else left = { ...left, lostWhole: left.lostWhole + 1 }
    yield* Log.warning("batch.lost", `${events.length} events of ${batch} are proven lost`, {
      feed,
      batch,
      lost: events.length,
      attempt: left.attempt,
      counted: left.counted,
      evidence,
    })
    if (left.counted >= maxAttempts()) {
      for (const event of events)
        yield* setAside(feed, {
          envelope: event.envelope,
          reason: "verification_failed",
          error: lossMessage(event, left.attempt, evidence),
          attempts: left.attempt,
        })
      outcome.dead += events.length
      outcome.deadIds.push(...idsWithout(events, []))
      break
    }
    yield* Effect.sleep(pauseAfterLossOfAll(left.lostWhole, longestWait))
    const attempt = left.attempt + 1
    const { startedAt, writtenAt, written } = yield* writeAgain(events, attempt)
    left = { ...left, events: written, attempt, startedAt, writtenAt, lost: undefined }
  }
  yield* inSight({ ...part, feed, batch })
})
