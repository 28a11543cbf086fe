/** Options, records and checkpoints as the tests of the Firewalla source use them. */
import { Context, Duration, Effect, Layer, Option, Redacted, Stream } from "effect"
import type { Checkpoint, Position } from "../../../src/domain/Checkpoint.ts"
import { defaultRetrySettings } from "../../../src/retry/decide.ts"
import { firewallaFeedsNoDeps } from "../../../src/sources/firewalla/layer.ts"
import type { FirewallaOptions } from "../../../src/sources/firewalla/options.ts"
import { type Feed, Feeds, type Page } from "../../../src/sources/Source.ts"
import { assertNothingSkipped } from "../../contracts/Source.ts"
import { type FakeMsp, layerFake } from "./fakeMsp.ts"

export const TOKEN = "very-secret-token-0123456789"

const timeFeed = {
  interval: Duration.minutes(5),
  overlap: Duration.seconds(0),
  firstRun: Duration.hours(1),
  pageSize: 3,
  slice: Duration.hours(24),
}

export type TimeFeedChanges = Partial<typeof timeFeed> & { only?: "all" | "notable"; query?: string }

export const optionsWith = (
  changes: Partial<FirewallaOptions> = {},
  feed: TimeFeedChanges = {},
): FirewallaOptions => ({
  baseUrl: "http://127.0.0.1:9/v2",
  token: Redacted.make(TOKEN),
  requestsPerMinute: 1_000_000,
  retention: Duration.days(30),
  maxPageBytes: 1_000_000,
  retry: { ...defaultRetrySettings, retryDelayMs: 1 },
  feeds: {
    alarms: { ...timeFeed, ...feed },
    flows: { ...timeFeed, only: "all", ...feed },
    devices: { interval: Duration.days(1) },
  },
  ...changes,
})

/** The feed of this name, as one run has it: ask again and it is another run. */
export const feedOf = (
  name: "alarms" | "flows" | "devices",
  fake: FakeMsp,
  feed: TimeFeedChanges = {},
  changes: Partial<FirewallaOptions> = {},
) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(
      firewallaFeedsNoDeps(() => optionsWith(changes, feed)).pipe(Layer.provide(layerFake(fake))),
    )
    return yield* named(name, Context.get(context, Feeds))
  })

export const named = (name: string, feeds: ReadonlyArray<Feed>) => {
  const feed = feeds.find((one) => one.name === `firewalla-msp/${name}`)
  return feed === undefined ? Effect.die(`no feed ${name}`) : Effect.succeed(feed)
}

export const collect = (feed: Feed, checkpoint: Option.Option<Checkpoint> = Option.none()) =>
  Stream.runCollect(feed.poll(checkpoint)).pipe(Effect.tap(assertNothingSkipped))

/** What a poll yields, and how it ends: with an error or undefined. */
export const collectAll = Effect.fnUntraced(function* (
  feed: Feed,
  checkpoint: Option.Option<Checkpoint> = Option.none(),
) {
  const pages: Array<Page> = []
  const error = yield* Stream.runForEach(feed.poll(checkpoint), (page) =>
    Effect.sync(() => pages.push(page)),
  ).pipe(Effect.match({ onFailure: (failure) => failure, onSuccess: () => undefined }))
  yield* assertNothingSkipped(pages)
  return { pages, error }
})

export const checkpointOf = (position: Position): Option.Option<Checkpoint> =>
  Option.some({
    version: 1,
    feed: "firewalla-msp/flows",
    position,
    newest: null,
    confirmed: 0,
    committed_at: "2024-05-05T00:00:00.000Z",
  })

/** Whole seconds. */
export const settledUpTo = (second: number) => checkpointOf({ kind: "time", up_to: second * 1000 })

export const idsOf = (pages: ReadonlyArray<Page>): ReadonlyArray<string> =>
  pages.flatMap((page) => page.envelopes.map((envelope) => envelope.id))

/** In whole seconds; -1 where a page has none. */
export const positionsOf = (pages: ReadonlyArray<Page>): ReadonlyArray<number> =>
  pages.map(({ position }) =>
    Option.isSome(position) && position.value.kind === "time" ? position.value.up_to / 1000 : -1,
  )

/** A flow at a second; equal in every field to another with the same arguments. */
export const flowAt = (ts: number, more: Readonly<Record<string, unknown>> = {}) => ({
  ts,
  gid: "G",
  protocol: "tcp",
  direction: "outbound",
  block: false,
  device: { id: "mac:AA:BB:CC:DD:EE:FF", name: "phone" },
  source: { id: "AA:BB:CC:DD:EE:FF", ip: "192.168.1.2" },
  destination: { ip: "203.0.113.9" },
  sport: 40_000,
  dport: 443,
  download: 10,
  upload: 20,
  duration: 1.5,
  count: 1,
  ...more,
})
