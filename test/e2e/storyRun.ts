/**
 * A story of faults, played on the pipeline itself over a chain in memory, in the test clock's time: hours cost
 * nothing. What the processes of the other tests can't do: hundreds of schedules, each told in one line when it fails.
 */
import { Clock, Duration, Effect, Fiber, Layer, Option, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import type { DeadLetter } from "../../src/dead-letters/DeadLetters.ts"
import type { Checkpoint } from "../../src/domain/Checkpoint.ts"
import { Rejected } from "../../src/normalizers/Normalizer.ts"
import * as Normalizers from "../../src/normalizers/Registry.ts"
import { runFeed } from "../../src/pipeline/FeedRunner.ts"
import { InFlight } from "../../src/pipeline/InFlight.ts"
import { Policies } from "../../src/pipeline/Policies.ts"
import { Run } from "../../src/pipeline/Run.ts"
import { Stop } from "../../src/pipeline/Stop.ts"
import { LongestWait } from "../../src/retry/LongestWait.ts"
import { type Feed, type Page, SourceError } from "../../src/sources/Source.ts"
import { canaries, clearTheWay } from "../../src/verify/Canary.ts"
import * as SearchingVerifier from "../../src/verify/SearchingVerifier.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { Writer, WriterError } from "../../src/writers/Writer.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"
import { recordedLetters } from "../support/recordedLetters.ts"
import { CALM, ModelChain } from "../verify/modelChain.ts"

/** Seconds from the start of the story. */
export interface Span {
  readonly at: number
  readonly for: number
}

export interface Story {
  readonly seed: number
  readonly records: number
  readonly pageSize: number
  readonly refreshSeconds: number
  /** The longest time by which events are overtaken; the grace of the proof is 3 s. */
  readonly swapMillis: number
  /** Percent of the events that the manager drops, whichever they are. */
  readonly dropped: number
  /** The manager dies; what it was given in the seconds before is gone; `for`: until it is back. */
  readonly managerDies: ReadonlyArray<Span & { readonly lostSeconds: number }>
  readonly shipperStands: ReadonlyArray<Span>
  readonly indexerAway: ReadonlyArray<Span>
  readonly apiFails: ReadonlyArray<Span & { readonly page: number }>
  readonly waybillDies: ReadonlyArray<Span>
  /** Records that no event can be made of, and those that the index never takes; by number. */
  readonly bad: ReadonlyArray<number>
  readonly poison: ReadonlyArray<number>
}

export interface Outcome {
  readonly lost: ReadonlyArray<string>
  readonly twice: ReadonlyArray<string>
  readonly ahead: ReadonlyArray<string>
  /** Dead letters that no record was meant to become. */
  readonly givenUp: ReadonlyArray<string>
  /** Records that a poll's ledger does not account for. */
  readonly unaccounted: ReadonlyArray<unknown>
  readonly seconds: number
}

const FEED = "test/flows"
const DAY = 86_400_000
const OVERLAP = 60_000
const BACKLOG = 300_000
const AT_MOST_SECONDS = 3600

interface Record {
  readonly id: string
  readonly ts: number
  /** From when on the source shows it. */
  readonly shownAt: number
}

const recordsOf = ({ records }: Story, noon: number): ReadonlyArray<Record> =>
  Array.from({ length: records }, (_, n) => {
    // Three of a kind in one second; one in seven comes late, but within the overlap.
    const ts = noon - BACKLOG + Math.floor(n / 3) * 3 * Math.floor(400_000 / Math.max(1, records))
    return { id: `event-${n}`, ts, shownAt: ts + (n % 7 === 6 ? 40_000 : 0) }
  })

/** Spans that overlap are one: a shipper that stands still twice at a time goes on after the later end. */
const joined = (spans: ReadonlyArray<Span>): ReadonlyArray<Span> => {
  const whole: Array<Span> = []
  for (const span of spans.toSorted((a, b) => a.at - b.at)) {
    const last = whole.at(-1)
    if (last === undefined || span.at > last.at + last.for) whole.push(span)
    else {
      const end = Math.max(last.at + last.for, span.at + span.for)
      whole[whole.length - 1] = { at: last.at, for: end - last.at }
    }
  }
  return whole
}

const within = (now: number, spans: ReadonlyArray<readonly [number, number]>) =>
  spans.some(([from, to]) => now >= from && now < to)

export const play = (story: Story) => {
  const lines: Array<LogLine> = []
  return Effect.gen(function* () {
    // The noon of another day for each story, since a clock does not go back.
    const noon = (Math.floor((yield* Clock.currentTimeMillis) / DAY) + 1.5) * DAY
    yield* TestClock.setTime(noon)
    const inMillis = (spans: ReadonlyArray<Span>): ReadonlyArray<readonly [number, number]> =>
      spans.map((span) => [noon + span.at * 1000, noon + (span.at + span.for) * 1000])
    const records = recordsOf(story, noon)
    const numberOf = new Map(records.map(({ id }, n) => [id, n]))
    const chain = new ModelChain({
      ...CALM,
      seed: story.seed,
      refreshMillis: story.refreshSeconds * 1000,
      reorderMillis: story.swapMillis,
      loss: story.dropped / 100,
      pauses: inMillis(joined(story.shipperStands)),
      blackouts: inMillis(
        story.managerDies.map(({ at, lostSeconds }) => ({ at: at - lostSeconds, for: lostSeconds })),
      ),
      unsearchable: inMillis(story.indexerAway),
    })
    for (const n of story.poison) chain.poison.add(`event-${n}`)
    const managerAway = inMillis(story.managerDies)
    const letters = new Map<string, DeadLetter>()
    const ahead: Array<string> = []
    let saved = Option.none<Checkpoint>()
    let polledAt = 0

    const checkpoints = Layer.succeed(
      Checkpoints,
      Checkpoints.of({
        load: () => Effect.sync(() => saved),
        commit: (checkpoint) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            const { position } = checkpoint
            for (const { id, shownAt, ts } of records)
              if (position.kind === "time" && ts < position.up_to && shownAt <= polledAt)
                if (!letters.has(id) && !chain.isSearchable(id, now))
                  ahead.push(`${id} at ${(now - noon) / 1000} s`)
            saved = Option.some(checkpoint)
          }),
      }),
    )

    /** As the time feeds of `src/sources` do: the overlap, and all that a run before may have sent, is looked up. */
    const makeFeed = (): Feed => {
      let asked: number | undefined
      return {
        name: FEED,
        eventType: "flow",
        interval: () => Duration.seconds(10),
        poll: (checkpoint) =>
          Stream.unwrap(
            Effect.map(Clock.currentTimeMillis, (now) => {
              polledAt = now
              const upTo = Option.match(checkpoint, {
                onNone: () => 0,
                onSome: ({ position }) => (position.kind === "time" ? position.up_to : 0),
              })
              const border = asked ?? now
              asked = now
              const shown = records.filter(
                ({ ts, shownAt }) => ts >= upTo - OVERLAP && ts < now && shownAt <= now,
              )
              const pages: Array<Page> = []
              const pageOf = (some: ReadonlyArray<Record>, maybeSent: boolean, last: boolean): Page => ({
                fetched: some.length,
                envelopes: some.map(({ id, ts }) => ({
                  id,
                  source: "test",
                  source_type: "test:record",
                  format: "json",
                  payload: { ts },
                  attributes: {},
                  received_at: new Date(now).toISOString(),
                })),
                position: Option.some({
                  kind: "time",
                  up_to: Math.max(upTo, last ? now : (some.at(-1)?.ts ?? 0)),
                }),
                maybeSent,
              })
              for (const maybeSent of [true, false]) {
                const part = shown.filter(({ ts }) => ts < border === maybeSent)
                for (let i = 0; i < part.length; i += story.pageSize)
                  pages.push(pageOf(part.slice(i, i + story.pageSize), maybeSent, false))
              }
              pages.push(pageOf([], false, true))
              const failing = story.apiFails.find((fault) => within(now, inMillis([fault])))
              return Stream.fromIterable(pages.entries()).pipe(
                Stream.mapEffect(([n, page]) =>
                  failing?.page === n
                    ? new SourceError({
                        feed: FEED,
                        request: "/records",
                        reason: { _tag: "ServerError", status: 502, detail: "" },
                        message: "The page cannot be had.",
                      })
                    : Effect.as(Effect.sleep("200 millis"), page),
                ),
              )
            }),
          ),
      }
    }

    /** In pieces, so that a kill can fall into the middle of a batch. */
    const writer = Layer.effect(
      Writer,
      Effect.map(Writer, (below) =>
        Writer.of({
          ...below,
          write: Effect.fnUntraced(function* (events) {
            for (let at = 0; at < events.length; at += 4) {
              if (within(yield* Clock.currentTimeMillis, managerAway))
                return yield* new WriterError({
                  reason: "missing",
                  handedOver: at,
                  message: "The manager is away.",
                })
              yield* below.write(events.slice(at, at + 4))
              yield* Effect.sleep("30 millis")
            }
          }),
        }),
      ),
    )

    /** Everything that one process has; the state is what outlasts it. */
    const processLayer = Layer.mergeAll(
      checkpoints,
      recordedLetters(letters),
      Normalizers.layerOf([
        {
          format: "json",
          sourceType: "test:record",
          normalizer: (envelope) => {
            const n = numberOf.get(envelope.id) ?? -1
            if (story.bad.includes(n))
              return Result.fail(new Rejected({ reason: "normalization_failed", message: "no time" }))
            const json = JSON.stringify({ event_id: envelope.id })
            const timeMillis = records[n]?.ts ?? 0
            return Result.succeed({
              id: envelope.id,
              type: "flow",
              timeMillis,
              json,
              bytes: json.length,
              envelope,
            })
          },
        },
      ]),
      SearchingVerifier.layer({
        minInterval: Duration.millis(500),
        maxInterval: Duration.seconds(5),
        warnAfter: Duration.minutes(1),
        clockSkew: Duration.hours(1),
        maxIdsPerSearch: 50,
        grace: Duration.seconds(3),
        resendAfter: Duration.seconds(15),
      }),
      Layer.succeed(Policies, { maxBatchEvents: 9, maxAttempts: () => 3 }),
      Layer.succeed(LongestWait, Duration.seconds(10)),
      InFlight.layer(40),
      Run.layer,
      Stop.layer,
      writer,
    ).pipe(Layer.provideMerge(chain.layer))

    const process = Effect.gen(function* () {
      const verifier = yield* Verifier
      yield* Effect.raceAllFirst([
        verifier.watch,
        canaries({ interval: () => Duration.minutes(1) }),
        Effect.andThen(clearTheWay({ resendAfter: () => Duration.seconds(30) }), runFeed(makeFeed())),
      ])
    }).pipe(Effect.provide(processLayer, { local: true }))

    const last = records.at(-1)
    const done = (now: number) =>
      records.every(({ id }) => letters.has(id) || chain.isSearchable(id, now)) &&
      Option.exists(saved, ({ position }) => position.kind === "time" && position.up_to > (last?.ts ?? 0))
    const events = story.waybillDies
      .flatMap(({ at, for: away }) => [
        { at, what: "dies" as const },
        { at: at + away, what: "starts" as const },
      ])
      .toSorted((a, b) => a.at - b.at)

    let seconds = 0
    let running: Fiber.Fiber<unknown> | undefined = yield* Effect.forkChild(process)
    while (seconds < AT_MOST_SECONDS) {
      const next = events.shift()
      const to = next?.at ?? seconds + 10
      if (to > seconds) yield* TestClock.adjust(Duration.seconds(to - seconds))
      seconds = Math.max(seconds, to)
      if (next?.what === "dies" && running !== undefined) {
        yield* Fiber.interrupt(running)
        running = undefined
      } else if (next?.what === "starts" && running === undefined) running = yield* Effect.forkChild(process)
      if (next === undefined && done(noon + seconds * 1000)) break
    }
    // Whatever is still under way shows itself.
    yield* TestClock.adjust("1 minute")
    if (running !== undefined) yield* Fiber.interrupt(running)

    const expected = new Set([...story.bad, ...story.poison].map((n) => `event-${n}`))
    const now = yield* Clock.currentTimeMillis
    return {
      lost: records.map(({ id }) => id).filter((id) => !letters.has(id) && !chain.isSearchable(id, now)),
      twice: [
        ...chain.twice.filter((id) => numberOf.has(id)),
        ...[...letters.keys()].filter((id) => chain.isIndexed(id)),
      ],
      ahead,
      givenUp: story.dropped > 0 ? [] : [...letters.keys()].filter((id) => !expected.has(id)),
      unaccounted: unbalanced(lines),
      seconds,
    } satisfies Outcome
  }).pipe(Effect.provide(recordLogs(lines)))
}

/** Nobody stops a process here: what a poll has fetched is settled when it ends. */
const unbalanced = (lines: ReadonlyArray<LogLine>): ReadonlyArray<unknown> =>
  lines.flatMap(({ event, fields }) =>
    event === "ledger.unbalanced" || (String(event).startsWith("poll.f") && fields.outstanding !== 0)
      ? [fields]
      : [],
  )
