/**
 * The whole pipeline over a chain in memory: a source of numbered records, a writer whose events become searchable
 * after a while, and an observer that holds every commit against the index at that very instant.
 */
import { Duration, Effect, Layer, Option, Result, Stream } from "effect"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import * as MemoryCheckpoints from "../../src/checkpoints/MemoryCheckpoints.ts"
import type { DeadLetter } from "../../src/dead-letters/DeadLetters.ts"
import type { Checkpoint, Position } from "../../src/domain/Checkpoint.ts"
import type { Envelope } from "../../src/domain/Envelope.ts"
import type { EventType } from "../../src/domain/Event.ts"
import { Rejected } from "../../src/normalizers/Normalizer.ts"
import * as Normalizers from "../../src/normalizers/Registry.ts"
import { InFlight } from "../../src/pipeline/InFlight.ts"
import { Policies } from "../../src/pipeline/Policies.ts"
import { Run } from "../../src/pipeline/Run.ts"
import { Stop } from "../../src/pipeline/Stop.ts"
import { type Feed, type Page, SourceError } from "../../src/sources/Source.ts"
import * as SearchingVerifier from "../../src/verify/SearchingVerifier.ts"
import { Writer, WriterError } from "../../src/writers/Writer.ts"
import { recordedLetters } from "../support/recordedLetters.ts"
import { FakeIndexer } from "../verify/fakeIndexer.ts"

export interface Record {
  readonly serial: number
  readonly ts: number
  /** A record that no event can be made of. */
  readonly bad?: boolean
}

interface Text {
  readonly event_id: string
  readonly waybill: { readonly batch: string }
}

export const FEED = "test/flows"
export const idOf = (record: Record): string => `event-${record.serial}`

export class Chain {
  readonly indexer = new FakeIndexer()
  readonly letters = new Map<string, DeadLetter>()
  readonly sent: Array<string> = []
  /** Commits that were ahead of what is indexed or dead. Must stay empty. */
  readonly ahead: Array<string> = []
  /** From a write to its being searchable, by what was written; `undefined`: never. */
  arrival: (id: string, nth: number) => number | undefined = () => 1000
  /** The 0-based page that fails, if any. */
  failingPage: number | undefined
  writerDown = false
  eventType: EventType = "flow"
  /** Whether the pages are dead letters that are sent again. */
  replayed = false
  /** What the feed was told of commits. */
  readonly told: Array<Position> = []
  records: ReadonlyArray<Record>
  readonly pageSize: number
  readonly #sends = new Map<string, number>()

  constructor(records: ReadonlyArray<Record>, pageSize = 10) {
    this.records = records
    this.pageSize = pageSize
  }

  #envelope = (record: Record): Envelope => ({
    id: idOf(record),
    source: "test",
    source_type: "test:record",
    format: "json",
    payload: record,
    attributes: {},
    received_at: new Date(record.ts).toISOString(),
  })

  envelopeOf(serial: number): Envelope {
    return this.#envelope({ serial, ts: serial * 100 })
  }

  get feed(): Feed {
    return {
      name: FEED,
      eventType: this.eventType,
      interval: () => Duration.minutes(5),
      committed: (position) => Effect.sync(() => void this.told.push(position)),
      poll: (checkpoint) => {
        const from = Option.match(checkpoint, {
          onNone: () => 0,
          onSome: ({ position }) => (position.kind === "time" ? position.up_to : 0),
        })
        const rest = this.records.filter((record) => record.ts >= from)
        const pages = Math.max(1, Math.ceil(rest.length / this.pageSize))
        return Stream.fromIterable(Array.from({ length: pages }, (_, n) => n)).pipe(
          Stream.mapEffect((n): Effect.Effect<Page, SourceError> => {
            if (n === this.failingPage)
              return new SourceError({
                feed: FEED,
                request: "/records",
                reason: { _tag: "ServerError", status: 502, detail: "" },
                message: "The page cannot be had.",
              })
            const records = rest.slice(n * this.pageSize, (n + 1) * this.pageSize)
            const upTo = n === pages - 1 ? (rest.at(-1)?.ts ?? from) + 1 : records.at(-1)?.ts
            return Effect.succeed({
              fetched: records.length,
              envelopes: records.map(this.#envelope),
              position: upTo === undefined ? Option.none() : Option.some({ kind: "time", up_to: upTo }),
              maybeSent: true,
              replayed: this.replayed,
            })
          }),
        )
      },
    }
  }

  readonly #writer = Layer.effect(
    Writer,
    Effect.gen({ self: this }, function* () {
      const scope = yield* Effect.scope
      return Writer.of({
        kind: "socket",
        maxBytes: 65_000,
        write: Effect.fnUntraced({ self: this }, function* (events) {
          if (this.writerDown)
            return yield* new WriterError({
              reason: "missing",
              handedOver: 0,
              message: "The manager is away.",
            })
          for (const text of events) {
            const { event_id: id, waybill }: Text = JSON.parse(text)
            const batch = this.indexer.batches.get(waybill.batch) ?? new Set()
            this.indexer.batches.set(waybill.batch, batch.add(id))
            this.sent.push(id)
            const nth = (this.#sends.get(id) ?? 0) + 1
            this.#sends.set(id, nth)
            const after = this.arrival(id, nth)
            if (after === undefined) continue
            yield* Effect.sleep(after).pipe(
              Effect.andThen(Effect.sync(() => this.indexer.index(id))),
              Effect.forkIn(scope),
            )
          }
        }),
      })
    }),
  )

  readonly #letters = recordedLetters(this.letters)

  /** Holds each commit against the index before it is taken. */
  readonly #checkpoints = Layer.effect(
    Checkpoints,
    Effect.map(Checkpoints, (checkpoints) =>
      Checkpoints.of({
        load: checkpoints.load,
        commit: (checkpoint: Checkpoint) => {
          const { position } = checkpoint
          if (position.kind === "time")
            for (const record of this.records)
              if (record.ts < position.up_to && !this.isSettled(idOf(record)))
                this.ahead.push(`${idOf(record)} is not settled at ${position.up_to}`)
          return checkpoints.commit(checkpoint)
        },
      }),
    ),
  ).pipe(Layer.provide(MemoryCheckpoints.layer))

  isSettled(id: string): boolean {
    return this.indexer.documents.has(id) || this.letters.has(id)
  }

  readonly layer = Layer.mergeAll(
    this.#writer,
    this.#letters,
    this.#checkpoints,
    Normalizers.layerOf([
      {
        format: "json",
        sourceType: "test:record",
        normalizer: (envelope) => {
          const record = this.records.find((one) => idOf(one) === envelope.id)
          if (record === undefined || record.bad === true)
            return Result.fail(
              new Rejected({ reason: "normalization_failed", message: "ts: expected a number" }),
            )
          const json = JSON.stringify({ event_id: envelope.id })
          return Result.succeed({
            id: envelope.id,
            type: this.eventType,
            timeMillis: record.ts,
            json,
            bytes: json.length,
            envelope,
          })
        },
      },
    ]),
    SearchingVerifier.layer({
      minInterval: Duration.millis(250),
      maxInterval: Duration.seconds(5),
      warnAfter: Duration.minutes(1),
      clockSkew: Duration.hours(1),
      maxIdsPerSearch: 5000,
    }).pipe(Layer.provideMerge(this.indexer.layer)),
    Layer.succeed(Policies, { maxBatchEvents: 7, maxAttempts: () => 3 }),
    InFlight.layer(25),
    Run.layer,
    Stop.layer,
  )
}
