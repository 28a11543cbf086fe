import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { runFeed } from "../../src/pipeline/FeedRunner.ts"
import { LongestWait } from "../../src/retry/LongestWait.ts"
import { SourceError } from "../../src/sources/Source.ts"
import { withoutLogs } from "../support/logRecorder.ts"
import { withSettableClock } from "../support/settableClock.ts"
import { Chain } from "./chain.ts"

describe("runFeed", () => {
  it.effect("polls at its interval though the clock was set back by hours meanwhile", () => {
    const chain = new Chain([])
    let polls = 0
    const feed = {
      ...chain.feed,
      interval: () => Duration.minutes(5),
      poll: () => {
        polls += 1
        return Stream.fromEffectDrain(Effect.sleep("10 seconds"))
      },
    }
    return withSettableClock((set) =>
      Effect.gen(function* () {
        yield* Effect.forkChild(runFeed(feed))
        yield* TestClock.adjust("5 seconds")
        set(-Duration.toMillis("3 hours"))
        yield* TestClock.adjust("4 minutes")
        assert.strictEqual(polls, 1)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(polls, 2)
      }),
    ).pipe(Effect.provide(chain.layer), withoutLogs)
  })

  it.effect("asks a source that stays away at the longest wait, however rarely the feed is polled", () => {
    const chain = new Chain([])
    const away = new SourceError({
      feed: chain.feed.name,
      request: "GET /devices",
      reason: { _tag: "Unreachable", detail: "refused" },
      message: "away",
    })
    let polls = 0
    const feed = {
      ...chain.feed,
      interval: () => Duration.hours(6),
      poll: () =>
        Stream.suspend(() => {
          polls += 1
          return Stream.fail(away)
        }),
    }
    return Effect.gen(function* () {
      yield* Effect.forkChild(runFeed(feed).pipe(Effect.provideService(LongestWait, Duration.seconds(20))))
      yield* Effect.repeat(TestClock.adjust("1 second"), { times: 59 })
      const before = polls
      yield* Effect.repeat(TestClock.adjust("1 second"), { times: 599 })
      assert.strictEqual(polls - before, 30)
    }).pipe(Effect.provide(chain.layer), withoutLogs)
  })
})
