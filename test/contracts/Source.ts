/** What every feed over records with a time keeps; see src/sources/Source.ts. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, type Scope, Stream } from "effect"
import type { Checkpoint } from "../../src/domain/Checkpoint.ts"
import type { Feed, Page, SourceError } from "../../src/sources/Source.ts"

export interface FeedOverRecords {
  readonly feed: Feed
  /** Pages that were asked of the origin so far. */
  readonly requests: Effect.Effect<number>
}

export interface FeedFault {
  /** The request, from 1, from which on the origin fails. */
  readonly failFrom?: number
}

/**
 * Makes a feed, as a new run has it, over these records: each differs from all others, is of the kind that
 * `recordAt(second)` makes, and lies within what a first poll reads. Several pages must be needed for ten of them.
 */
export interface SourceHarness {
  readonly recordAt: (second: number) => unknown
  /** When that is, epoch milliseconds. */
  readonly timeOf: (second: number) => number
  readonly brokenRecord: unknown
  readonly make: (
    records: ReadonlyArray<unknown>,
    fault?: FeedFault,
  ) => Effect.Effect<FeedOverRecords, never, Scope.Scope>
}

const SECONDS = [10, 11, 11.5, 12, 20, 20.25, 20.5, 31, 32, 33, 40, 41]

/** Whatever was returned is an envelope, or refused, repeated or filtered. Held against every page of every test. */
export const assertNothingSkipped = (pages: ReadonlyArray<Page>) =>
  Effect.sync(() => {
    for (const { envelopes, fetched, filtered = 0, refused = [], repeated = 0 } of pages)
      assert.strictEqual(fetched, envelopes.length + refused.length + repeated + filtered)
  })

export const suite = (name: string, { recordAt, timeOf, brokenRecord, make }: SourceHarness) =>
  describe(`Source: ${name}`, () => {
    const records = SECONDS.map(recordAt)

    it.live("yields every record once, in feed order, over several pages", () =>
      Effect.gen(function* () {
        const { feed } = yield* make(records)
        const pages = yield* Stream.runCollect(feed.poll(Option.none()))
        yield* assertNothingSkipped(pages)
        assert.deepStrictEqual(payloads(pages), records)
        assert.strictEqual(new Set(ids(pages)).size, records.length)
        assert.isAbove(pages.length, 2)
      }).pipe(Effect.scoped),
    )

    it.live("gives a record the same id in every run", () =>
      Effect.gen(function* () {
        const first = yield* make(records)
        const second = yield* make(records)
        assert.deepStrictEqual(
          ids(yield* Stream.runCollect(first.feed.poll(Option.none()))),
          ids(yield* Stream.runCollect(second.feed.poll(Option.none()))),
        )
      }).pipe(Effect.scoped),
    )

    it.live("yields positions that never go back, and from each of which the rest is found again", () =>
      Effect.gen(function* () {
        const { feed } = yield* make(records)
        const pages = yield* Stream.runCollect(feed.poll(Option.none()))
        const upTos = pages.map(upTo)
        assert.deepStrictEqual(
          upTos,
          upTos.toSorted((a, b) => a - b),
        )
        for (const [index, page] of pages.entries()) {
          const again = yield* make(records)
          const rest = yield* Stream.runCollect(again.feed.poll(checkpointAt(feed, page)))
          const missing = ids(pages.slice(index + 1)).filter((id) => !ids(rest).includes(id))
          assert.deepStrictEqual(missing, [], `from the position of page ${index + 1}`)
        }
      }).pipe(Effect.scoped),
    )

    it.live("fails where a page cannot be had, after the pages before it, with no position past them", () =>
      Effect.gen(function* () {
        const { feed } = yield* make(records, { failFrom: 3 })
        const { error, pages } = yield* collectAll(feed)
        assert.strictEqual(error?.feed, feed.name)
        assert.isNotEmpty(error?.message)
        const seen = payloads(pages)
        assert.isNotEmpty(seen)
        assert.deepStrictEqual(seen, records.slice(0, seen.length))
        const whole = yield* make(records)
        const last = pages.at(-1)
        assert.isDefined(last)
        const rest =
          last === undefined ? [] : yield* Stream.runCollect(whole.feed.poll(checkpointAt(feed, last)))
        const found = new Set([...ids(pages), ...ids(rest)])
        assert.strictEqual(found.size, records.length)
      }).pipe(Effect.scoped),
    )

    it.live("fails, and yields nothing, where the first page cannot be had", () =>
      Effect.gen(function* () {
        const { feed } = yield* make(records, { failFrom: 1 })
        const { error, pages } = yield* collectAll(feed)
        assert.isDefined(error)
        assert.deepStrictEqual(pages, [])
      }).pipe(Effect.scoped),
    )

    it.live("makes an envelope of a record that it cannot read, and of its neighbours", () =>
      Effect.gen(function* () {
        const mixed = records.toSpliced(4, 0, brokenRecord)
        const { feed } = yield* make(mixed)
        const pages = yield* Stream.runCollect(feed.poll(Option.none()))
        yield* assertNothingSkipped(pages)
        assert.sameDeepMembers([...payloads(pages)], mixed)
        assert.isTrue(ids(pages).every((id) => id !== ""))
      }).pipe(Effect.scoped),
    )

    it.live("reads on only as its pages are taken", () =>
      Effect.gen(function* () {
        const { feed, requests } = yield* make(records)
        const whole = yield* make(records)
        yield* Stream.runDrain(whole.feed.poll(Option.none()))
        yield* feed.poll(Option.none()).pipe(
          Stream.take(1),
          Stream.mapEffect((page) => Effect.as(Effect.sleep("50 millis"), page)),
          Stream.runDrain,
        )
        assert.isBelow(yield* requests, yield* whole.requests)
      }).pipe(Effect.scoped),
    )

    it.live("finds nothing where there is nothing, and says up to where", () =>
      Effect.gen(function* () {
        const { feed } = yield* make([])
        const pages = yield* Stream.runCollect(feed.poll(Option.none()))
        assert.deepStrictEqual(payloads(pages), [])
        assert.isTrue(pages.some((page) => Option.isSome(page.position)))
      }).pipe(Effect.scoped),
    )

    it.live("reads a window again under the same ids, and says that it may have been sent", () =>
      Effect.gen(function* () {
        const { feed } = yield* make(records)
        const polled = yield* Stream.runCollect(feed.poll(Option.none()))
        const again = yield* Stream.runCollect(between(feed, timeOf(12), timeOf(40)))
        const inWindow = SECONDS.flatMap((second, n) => (second >= 12 && second < 40 ? [n] : []))
        assert.deepStrictEqual(
          ids(again),
          inWindow.map((n) => ids(polled)[n] ?? ""),
        )
        assert.isTrue(again.every((page) => page.maybeSent))
      }).pipe(Effect.scoped),
    )

    it.live("says how far it is in a window, so that the rest of it is found from there", () =>
      Effect.gen(function* () {
        const { feed } = yield* make(records)
        const pages = yield* Stream.runCollect(between(feed, timeOf(10), timeOf(42)))
        const upTos = pages.map(upTo)
        assert.deepStrictEqual(
          upTos,
          upTos.toSorted((a, b) => a - b),
        )
        assert.strictEqual(upTos.at(-1), timeOf(42))
        for (const [index, reached] of upTos.entries()) {
          if (reached >= timeOf(42)) continue
          const rest = yield* Stream.runCollect(between(feed, reached, timeOf(42)))
          const missing = ids(pages.slice(index + 1)).filter((id) => !ids(rest).includes(id))
          assert.deepStrictEqual(missing, [], `from the position of page ${index + 1}`)
        }
      }).pipe(Effect.scoped),
    )

    it.live("polls as it would have, whatever was read again before", () =>
      Effect.gen(function* () {
        const { feed } = yield* make(records)
        yield* Stream.runDrain(between(feed, timeOf(10), timeOf(42)))
        const pages = yield* Stream.runCollect(feed.poll(Option.none()))
        assert.deepStrictEqual(payloads(pages), records)
      }).pipe(Effect.scoped),
    )

    it.live("fails where a page of a window cannot be had, and reads nothing of the future", () =>
      Effect.gen(function* () {
        const { feed } = yield* make(records, { failFrom: 1 })
        const reading = Stream.runDrain(between(feed, timeOf(10), timeOf(42)))
        assert.strictEqual((yield* Effect.flip(reading)).feed, feed.name)
        const soon = Date.now() + 60_000
        assert.deepStrictEqual(yield* Stream.runCollect(between(feed, soon, soon + 60_000)), [])
      }).pipe(Effect.scoped),
    )
  })

const between = (feed: Feed, from: number, to: number): Stream.Stream<Page, SourceError> =>
  feed.history?.between(from, to) ?? assert.fail(`${feed.name} has no history`)

const collectAll = Effect.fnUntraced(function* (feed: Feed) {
  const pages: Array<Page> = []
  const error = yield* Stream.runForEach(feed.poll(Option.none()), (page) =>
    Effect.sync(() => pages.push(page)),
  ).pipe(
    Effect.match({ onFailure: (failure): SourceError | undefined => failure, onSuccess: () => undefined }),
  )
  return { pages, error }
})

const ids = (pages: ReadonlyArray<Page>) =>
  pages.flatMap((page) => page.envelopes.map((envelope) => envelope.id))

const payloads = (pages: ReadonlyArray<Page>) =>
  pages.flatMap((page) => page.envelopes.map((envelope) => envelope.payload))

const upTo = (page: Page): number =>
  Option.isSome(page.position) && page.position.value.kind === "time" ? page.position.value.up_to : Number.NaN

const checkpointAt = (feed: Feed, page: Page): Option.Option<Checkpoint> =>
  Option.map(page.position, (position) => ({
    version: 1,
    feed: feed.name,
    position,
    newest: null,
    confirmed: 0,
    committed_at: "2024-05-05T00:00:00.000Z",
  }))
