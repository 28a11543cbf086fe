/**
 * A feed over records that have a time: alarms and flows.
 *
 * One poll is one window, read slice by slice and page by page; see `window.ts` and `sliceProgress.ts` for what is
 * asked and how far the checkpoint may follow. A slice without records still yields one empty page, so that the
 * checkpoint moves through quiet times.
 */
import { Clock, DateTime, Duration, Effect, Option, Ref, Result, Stream } from "effect"
import type { Checkpoint, FeedName } from "../../domain/Checkpoint.ts"
import type { Envelope } from "../../domain/Envelope.ts"
import type { EventType } from "../../domain/Event.ts"
import * as Log from "../../telemetry/log.ts"
import type { Feed, Page, RefusedRecord, SourceError } from "../Source.ts"
import { sourceError } from "./errors.ts"
import { MspApi, type MspRequest } from "./MspApi.ts"
import { type BoxFilter, timeQuery } from "./query.ts"
import { parsePage } from "./reply.ts"
import {
  doubtOf,
  type ReadRows,
  type RecordKind,
  readRows,
  type SliceProgress,
  startOf,
  type Taken,
  takePage,
} from "./sliceProgress.ts"
import {
  isPlausible,
  type Slice,
  type Stretch,
  sliceAt,
  type Window,
  type WindowSettings,
  windowBetween,
  windowOf,
} from "./window.ts"

export interface TimeFeedSettings extends WindowSettings {
  readonly name: FeedName
  readonly source: string
  readonly sourceType: string
  readonly eventType: EventType
  readonly path: string
  readonly kind: RecordKind
  readonly interval: Duration.Duration
  readonly pageSize: number
  /** Seconds. */
  readonly sliceLength: number
  readonly filter: BoxFilter
  readonly query: string | undefined
  /** Which records are wanted at all, beyond what the query can say. */
  readonly wanted: (record: unknown) => boolean
}

/** The API gives no more a page. */
const MOST_A_PAGE = 500

/** Where a poll stands: in which slice, and what of it was read. */
interface Place {
  readonly slice: Slice
  /** undefined for the slice's first page. */
  readonly cursor: string | undefined
  readonly page: number
  readonly cursors: ReadonlySet<string>
  readonly progress: SliceProgress
}

/**
 * Reads windows with settings that stay as they are, so that all pages of a window are answers to one query.
 *
 * @param asked up to where this run or one before it may have sent records, in seconds. The runs before reach to the
 * moment of the first poll; from then on it follows what is read.
 */
const makeReader = (
  settings: TimeFeedSettings,
  api: MspApi["Service"],
  asked: Ref.Ref<Option.Option<number>>,
) => {
  const attributes = { host: api.host }

  const request = (stretch: Stretch, limit: number, cursor: string | undefined): MspRequest => ({
    feed: settings.name,
    path: settings.path,
    params: {
      query: timeQuery(stretch.from, stretch.to, settings.filter, settings.query),
      sortBy: "ts:asc",
      limit: String(limit),
      ...(cursor === undefined ? {} : { cursor }),
    },
  })

  const getPage = Effect.fnUntraced(function* (asking: MspRequest) {
    const page = parsePage(yield* api.get(asking))
    return Result.isSuccess(page) ? page.success : yield* sourceError(api.host, asking, page.failure)
  })

  /** How many equal rows there are in the seconds in doubt; undefined if they do not fit on one page. */
  const settle = Effect.fnUntraced(function* (doubt: Stretch) {
    const page = yield* getPage(request(doubt, MOST_A_PAGE, undefined))
    yield* Log.info(
      "source.settled_second",
      `${settings.name}: read ${iso(doubt.from)} again to tell repeats from twins`,
      {
        feed: settings.name,
        from: iso(doubt.from),
        to: iso(doubt.to),
        complete: page.nextCursor === undefined,
      },
    )
    return page.nextCursor === undefined ? readRows(settings.kind, doubt, page.results).counts : undefined
  })

  const read = Effect.fnUntraced(function* (place: Place, rows: ReadRows) {
    const doubt = doubtOf(settings.kind, place.progress, rows)
    const settled = doubt === undefined ? undefined : yield* settle(doubt)
    const next = takePage(settings.kind, place.progress, rows, settled)
    if (next.progress.order === "broken" && place.progress.order !== "broken") {
      yield* Log.warning(
        "source.unsorted",
        `${settings.name}: the API's records go back in time; the checkpoint waits for the end of the slice`,
        { feed: settings.name, from: iso(place.slice.from), to: iso(place.slice.to), page: place.page },
      )
    }
    return next
  })

  const envelopes = (records: ReadonlyArray<Taken>, now: number) => {
    const receivedAt = DateTime.formatIso(DateTime.makeUnsafe(now))
    const wanted: Array<Envelope> = []
    const refused: Array<RefusedRecord> = []
    let filtered = 0
    for (const { record, id, outside } of records) {
      if (!settings.wanted(record)) {
        filtered += 1
        continue
      }
      const envelope: Envelope = {
        id,
        source: settings.source,
        source_type: settings.sourceType,
        format: "json",
        payload: record,
        attributes,
        received_at: receivedAt,
      }
      if (outside === undefined || isPlausible(outside, now / 1000, settings)) wanted.push(envelope)
      else refused.push({ envelope, message: implausible(outside) })
    }
    return { envelopes: wanted, refused, filtered }
  }

  const sayOutside = (slice: Slice, outside: ReadonlyArray<number>) =>
    Log.warning(
      "source.outside_slice",
      `${settings.name}: the API sent records outside of the time asked for; they are delivered, or dead letters where their time can't be right`,
      { feed: settings.name, from: iso(slice.from), to: iso(slice.to), records: outside.length },
    )

  const readPage = Effect.fnUntraced(function* (window: Window, place: Place) {
    const { slice } = place
    const asking = request(slice, settings.pageSize, place.cursor)
    const reply = yield* getPage(asking)
    const cursor = reply.nextCursor
    if (cursor !== undefined && place.cursors.has(cursor)) {
      return yield* sourceError(api.host, asking, { _tag: "RepeatedCursor", page: place.page })
    }
    const rows = readRows(settings.kind, slice, reply.results)
    const { taken, repeated, progress } = yield* read(place, rows)
    const outside = taken.flatMap((one) => one.outside ?? [])
    if (outside.length > 0) yield* sayOutside(slice, outside)
    const upTo = Math.max(window.settled, cursor === undefined ? slice.to : progress.position)
    const now = yield* Clock.currentTimeMillis
    const page: Page = {
      ...envelopes(taken, now),
      fetched: reply.results.length,
      repeated,
      position: Option.some({ kind: "time", up_to: upTo * 1000 }),
      // An alarm's id does not hold its time: one that was sent long ago can come back with a newer one. And what lies
      // outside of the slice may have come with its own.
      maybeSent: slice.maybeSent || !settings.kind.hasTwins || outside.length > 0,
    }
    // Its own slice will bring it again.
    const sent = outside.filter((second) => isPlausible(second, now / 1000, settings))
    yield* Ref.update(
      asked,
      Option.map((before) =>
        sent.reduce((most, second) => Math.max(most, Math.floor(second) + 1), Math.max(before, slice.to)),
      ),
    )
    if (cursor !== undefined) {
      const further = {
        slice,
        cursor,
        progress,
        page: place.page + 1,
        cursors: new Set(place.cursors).add(cursor),
      }
      return [[page], Option.some<Place>(further)] as const
    }
    return [
      [page],
      slice.to < window.to ? Option.some(yield* placeAt(window, slice.to)) : Option.none<Place>(),
    ] as const
  })

  const placeAt = Effect.fnUntraced(function* (window: Window, from: number) {
    const before = window.again ? window.to : Option.getOrElse(yield* Ref.get(asked), () => window.to)
    const slice = sliceAt(from, window.to, settings.sliceLength, before)
    const place: Place = { slice, cursor: undefined, page: 1, cursors: new Set(), progress: startOf(slice) }
    return place
  })

  const start = Effect.fnUntraced(function* (checkpoint: Option.Option<Checkpoint>) {
    const position = Option.map(checkpoint, (saved) => saved.position)
    if (Option.isSome(position) && position.value.kind !== "time") {
      return yield* sourceError(api.host, request({ from: 0, to: 0 }, settings.pageSize, undefined), {
        _tag: "BadShape",
        detail: `the checkpoint of ${settings.name} is not one of a time series, so where to go on is not known. It was not written by this feed: put the right file back, or remove it to begin anew.`,
      })
    }
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const upTo =
      Option.isSome(position) && position.value.kind === "time" ? position.value.up_to / 1000 : undefined
    const window = windowOf(upTo, now, settings)
    yield* Ref.update(asked, (before) =>
      Option.some(Option.getOrElse(before, () => Math.max(window.to, Math.ceil(upTo ?? 0)))),
    )
    yield* sayLost(window)
    return window
  })

  const sayLost = Effect.fnUntraced(function* ({ lost }: Window) {
    if (lost === undefined) return
    yield* Log.warning(
      "source.beyond_retention",
      `${settings.name}: ${iso(lost.from)} to ${iso(lost.to)} is older than source.firewalla.retention and is not asked for; if the portal keeps records longer, raise it`,
      { feed: settings.name, from: iso(lost.from), to: iso(lost.to) },
    )
  })

  const nothingYet = (window: Window): Page => ({
    fetched: 0,
    envelopes: [],
    position: Option.some({ kind: "time", up_to: window.settled * 1000 }),
    maybeSent: false,
  })

  const poll = (checkpoint: Option.Option<Checkpoint>): Stream.Stream<Page, SourceError> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const window = yield* start(checkpoint)
        if (window.from >= window.to) {
          return Option.isNone(checkpoint) ? Stream.make(nothingYet(window)) : Stream.empty
        }
        return yield* pagesOf(window)
      }),
    ).pipe(onePageAhead)

  const between = (from: number, to: number): Stream.Stream<Page, SourceError> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
        const window = windowBetween({ from: from / 1000, to: to / 1000 }, now, settings)
        yield* sayLost(window)
        return window.from < window.to ? yield* pagesOf(window) : Stream.empty
      }),
    ).pipe(onePageAhead)

  const pagesOf = (window: Window) =>
    Effect.map(placeAt(window, window.from), (first) =>
      Stream.paginate(first, (place) => readPage(window, place)),
    )

  return { poll, between }
}

/** @param current asked at the beginning of each poll, and for the interval after it */
export const makeTimeFeed = Effect.fnUntraced(function* (current: () => TimeFeedSettings) {
  const api = yield* MspApi
  const asked = yield* Ref.make(Option.none<number>())
  const reader = () => makeReader(current(), api, asked)
  const { eventType, firstRun, name, retention } = current()
  const feed: Feed = {
    name,
    eventType,
    retention: Duration.seconds(retention),
    interval: () => current().interval,
    poll: (checkpoint) => Stream.suspend(() => reader().poll(checkpoint)),
    history: {
      firstRun: Duration.seconds(firstRun),
      between: (from, to) => Stream.suspend(() => reader().between(from, to)),
    },
  }
  return feed
})

/** It is fetched while the batch before it is written. */
const onePageAhead = Stream.buffer({ capacity: 1, strategy: "suspend" })

const iso = (seconds: number): string => DateTime.formatIso(DateTime.makeUnsafe(seconds * 1000))

/**
 * Not guessed at: `ts` is in seconds, and an API that says something else has changed, which somebody must see. The
 * letter keeps the record as it came.
 */
const implausible = (ts: number): string =>
  `its ts of ${ts} (seconds since 1970) lies outside of the time that was asked for, and in the future or beyond source.firewalla.retention, so it can't be right${ts > MILLISECONDS_FROM ? "; it looks like milliseconds" : ""}. Look at the record: if its time is right after all, replay it; if the API has changed, please report it.`

/** Seconds beyond this are the year 5138. */
const MILLISECONDS_FROM = 1e11
