/** A defect in one feed, wherever it is between source and checkpoint, holds that feed, and nothing comes twice of it. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import { Normalizers } from "../../src/normalizers/Registry.ts"
import { pauseAfterDefect } from "../../src/pipeline/defects.ts"
import { runFeed } from "../../src/pipeline/FeedRunner.ts"
import { InFlight } from "../../src/pipeline/InFlight.ts"
import type { Feed } from "../../src/sources/Source.ts"
import { RunStatus, layer as runStatus } from "../../src/status/RunStatus.ts"
import { METRICS } from "../../src/telemetry/metrics.ts"
import { canaries, clearTheWay } from "../../src/verify/Canary.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { Writer } from "../../src/writers/Writer.ts"
import { counted, freshMetrics } from "../support/counted.ts"
import { eventsOf, type LogLine, recordLogs } from "../support/logRecorder.ts"
import { Chain, FEED, idOf } from "./chain.ts"
import { eventOf } from "./eventOf.ts"

const COUNT = 60
/** Far longer than the first pause after a defect: whoever looks before it has passed finds nothing. */
const SLOW_MILLIS = 20_000

const slowChain = () => {
  const chain = new Chain(Array.from({ length: COUNT }, (_, n) => ({ serial: n, ts: n * 100 })))
  chain.arrival = () => SLOW_MILLIS
  return chain
}

type Services = Layer.Success<Chain["layer"]>
/** Where the defect is: what it makes of the feed and of the services; it shows itself once, at the nth use. */
interface Place {
  readonly feed?: (feed: Feed, dies: () => boolean) => Feed
  readonly services?: (all: Context.Context<Services>, dies: () => boolean) => Context.Context<Services>
  readonly nth: number
}

const boom = () => new TypeError("Invalid character in header content")
const dieIf = (dies: () => boolean) => Effect.suspend(() => (dies() ? Effect.die(boom()) : Effect.void))

const PLACES: Readonly<Record<string, Place>> = {
  "the source": {
    nth: 4,
    feed: (feed, dies) => ({
      ...feed,
      poll: (checkpoint) => Stream.tap(feed.poll(checkpoint), () => dieIf(dies)),
    }),
  },
  "the source, before it gives a stream": {
    nth: 1,
    feed: (feed, dies) => ({
      ...feed,
      poll: (checkpoint) => {
        if (dies()) throw boom()
        return feed.poll(checkpoint)
      },
    }),
  },
  "a normalizer": {
    nth: 35,
    services: (all, dies) => {
      const normalizers = Context.get(all, Normalizers)
      return Context.add(all, Normalizers, {
        ...normalizers,
        normalize: (envelope) => {
          if (dies()) throw boom()
          return normalizers.normalize(envelope)
        },
      })
    },
  },
  "the look before sending": {
    nth: 3,
    services: (all, dies) => {
      const verifier = Context.get(all, Verifier)
      return Context.add(all, Verifier, {
        ...verifier,
        known: (sought) => Effect.andThen(dieIf(dies), verifier.known(sought)),
      })
    },
  },
  "the writer, which has handed all of it over": {
    nth: 2,
    services: (all, dies) => {
      const writer = Context.get(all, Writer)
      return Context.add(all, Writer, {
        ...writer,
        write: (events) =>
          Effect.tap(writer.write(events), () => (events[0]?.includes("canary") ? Effect.void : dieIf(dies))),
      })
    },
  },
  "the wait for a confirmation": {
    nth: 2,
    services: (all, dies) => {
      const verifier = Context.get(all, Verifier)
      return Context.add(all, Verifier, {
        ...verifier,
        confirm: (written) => Effect.andThen(dieIf(dies), verifier.confirm(written)),
      })
    },
  },
  "a commit": {
    nth: 2,
    services: (all, dies) => {
      const checkpoints = Context.get(all, Checkpoints)
      return Context.add(all, Checkpoints, {
        ...checkpoints,
        commit: (checkpoint) => Effect.andThen(dieIf(dies), checkpoints.commit(checkpoint)),
      })
    },
  },
}

const once = (nth: number) => {
  let uses = 0
  return () => {
    uses += 1
    return uses === nth
  }
}

const passing = (seconds: number) => Effect.repeat(TestClock.adjust("250 millis"), { times: seconds * 4 - 1 })

describe("a defect in", () => {
  for (const [where, { feed: feedWith, nth, services }] of Object.entries(PLACES))
    it.effect(`${where} holds the feed; then it goes on where it was, and nothing is sent twice`, () => {
      const chain = slowChain()
      const dies = once(nth)
      const lines: Array<LogLine> = []
      const feed = feedWith === undefined ? chain.feed : feedWith(chain.feed, dies)
      let others = 0
      const other: Feed = {
        ...chain.feed,
        name: "test/other",
        interval: () => Duration.seconds(10),
        poll: () =>
          Stream.suspend(() => {
            others += 1
            return Stream.empty
          }),
      }
      const base = Layer.mergeAll(chain.layer, runStatus)
      const parts = Layer.effectContext(
        Effect.map(Effect.context<Services>(), (all) => services?.(all, dies) ?? all),
      ).pipe(Layer.provideMerge(base))
      return Effect.gen(function* () {
        const verifier = yield* Verifier
        const beside = Effect.raceFirst(verifier.watch, canaries({ interval: () => Duration.zero }))
        const clear = clearTheWay({ resendAfter: () => Duration.seconds(30) })
        const running = yield* Effect.forkChild(
          Effect.raceFirst(
            beside,
            Effect.all([runFeed(feed, Effect.void, { clearTheWay: clear }), runFeed(other)], {
              concurrency: "unbounded",
            }),
          ),
        )
        yield* passing(700)
        assert.isUndefined(running.pollUnsafe(), "the run goes on")
        assert.deepStrictEqual(
          chain.records.map(idOf).filter((id) => !chain.isSettled(id)),
          [],
        )
        assert.deepStrictEqual(
          [...chain.indexer.documents].filter(([, copies]) => copies > 1),
          [],
        )
        assert.deepStrictEqual(chain.ahead, [])
        const checkpoint = yield* (yield* Checkpoints).load(FEED)
        const position = Option.getOrUndefined(checkpoint)?.position
        assert.isAtLeast(position?.kind === "time" ? position.up_to : 0, (COUNT - 1) * 100 + 1)
        assert.lengthOf(
          eventsOf(lines).filter((event) => event === "feed.defect"),
          1,
        )
        const line = lines.find(({ fields }) => fields.event === "feed.defect")
        assert.strictEqual(line?.fields.feed, FEED)
        assert.include(String(line?.fields.cause), "Invalid character in header content")
        assert.strictEqual(yield* counted(METRICS.defects, { part: FEED }), 1)
        assert.isAbove(others, 60, "the other feed is polled at its interval")
        const status = yield* (yield* RunStatus).snapshot
        assert.isUndefined(status.feeds.get(FEED)?.failure)
        assert.strictEqual(status.feeds.get(FEED)?.counts.outstanding, 0)
        // All permits and all claims are back: everything there is can be had at once.
        const { claim, take } = yield* InFlight
        yield* claim(chain.records.map((record) => eventOf(idOf(record))))
        yield* take(chain.records.slice(0, 25).map((record) => eventOf(idOf(record))))
        yield* Fiber.interrupt(running)
      }).pipe(Effect.provide(parts), Effect.provide(recordLogs(lines)), freshMetrics)
    })
})

describe("the pause after a defect", () => {
  it("doubles and is capped, however long the feed's own interval is", () => {
    const seconds = [1, 2, 3, 6, 7, 100].map((n) => Duration.toSeconds(pauseAfterDefect(n)))
    assert.deepStrictEqual(seconds, [5, 10, 20, 160, 300, 300])
  })
})
