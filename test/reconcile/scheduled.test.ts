import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, FileSystem, type Layer, Path } from "effect"
import { TestClock } from "effect/testing"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import { Stop } from "../../src/pipeline/Stop.ts"
import { makeScheduled } from "../../src/reconcile/scheduled.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { checkpointAt } from "../contracts/Checkpoints.ts"
import { Chain, FEED, idOf, type Record } from "../pipeline/chain.ts"
import { eventsOf, type LogLine, recordLogs } from "../support/logRecorder.ts"
import { withSettableClock } from "../support/settableClock.ts"
import { withHistory } from "./history.ts"

const MINUTE = 60_000
/** When the run under test starts: its first poll would reach back by one minute. */
const START = 100 * MINUTE
const SETTINGS = {
  interval: Duration.minutes(10),
  window: Duration.minutes(30),
  clockSkew: Duration.minutes(1),
}

/** One a minute from the start of time to long after. */
const records: ReadonlyArray<Record> = Array.from({ length: 200 }, (_, n) => ({ serial: n, ts: n * MINUTE }))
const idAt = (minute: number) => `event-${minute}`

const checkpoint = (upTo: number) =>
  Effect.flatMap(Checkpoints, (checkpoints) => checkpoints.commit(checkpointAt(FEED, upTo)))

/** Real time as well as the test's, because files are written on real threads. */
const passing = Effect.andThen(
  TestClock.adjust("250 millis"),
  Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1))),
)

const test = (
  steps: (tools: {
    readonly chain: Chain
    readonly lines: ReadonlyArray<LogLine>
    readonly afterPoll: Effect.Effect<void>
    readonly restart: Effect.Effect<void>
  }) => Effect.Effect<void, unknown, Layer.Success<Chain["layer"]>>,
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const state = (yield* Path.Path).join(yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" }), "state")
    const chain = new Chain(records)
    const lines: Array<LogLine> = []
    yield* TestClock.setTime(START)
    yield* Effect.gen(function* () {
      const context = yield* Effect.context<Layer.Success<Chain["layer"]>>()
      const verifier = yield* Verifier
      const make = makeScheduled(() => ({ ...SETTINGS, state }))
      let scheduled = yield* make
      const afterPoll = Effect.gen(function* () {
        const feed = withHistory(chain)
        const working = yield* Effect.forkChild(Effect.raceFirst(verifier.watch, scheduled(feed)))
        yield* Effect.repeat(passing, { times: 80 })
        yield* Fiber.join(working)
      }).pipe(Effect.provide(context))
      const restart = Effect.map(make, (next) => {
        scheduled = next
      })
      const nodes = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
      yield* steps({ chain, lines, afterPoll, restart: Effect.provide(restart, nodes) })
    }).pipe(Effect.provide(chain.layer), Effect.provide(recordLogs(lines)))
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("the scheduled look back", () => {
  it.effect(
    "waits for its interval, then delivers what is missing up to the checkpoint, over restarts too",
    () =>
      test(({ afterPoll, chain, lines, restart }) =>
        Effect.gen(function* () {
          chain.indexer.index(...records.map(idOf).filter((id) => id !== idAt(105)))
          yield* checkpoint(START + MINUTE)
          yield* afterPoll
          yield* TestClock.setTime(START + 9 * MINUTE)
          yield* checkpoint(START + 9 * MINUTE)
          yield* afterPoll
          assert.deepStrictEqual(chain.sent, [])

          yield* restart
          yield* TestClock.setTime(START + 11 * MINUTE)
          yield* checkpoint(START + 11 * MINUTE)
          yield* afterPoll
          assert.deepStrictEqual(chain.sent, [idAt(105)])
          const [warning, info] = lines.filter(({ event }) => String(event).startsWith("reconcile."))
          assert.deepInclude(warning, { event: "reconcile.found_missing", level: "Warn" })
          assert.deepInclude(info?.fields, {
            event: "reconcile.finished",
            missing: 1,
            confirmed: 1,
            at_source: 12,
          })

          const before = lines.length
          yield* afterPoll
          assert.notInclude(eventsOf(lines.slice(before)), "reconcile.finished")
        }),
      ),
  )

  it.effect("never fetches what the first poll was told to leave out", () =>
    test(({ afterPoll, chain }) =>
      Effect.gen(function* () {
        yield* checkpoint(START)
        yield* afterPoll
        yield* TestClock.setTime(START + 11 * MINUTE)
        yield* checkpoint(START + 4 * MINUTE)
        yield* afterPoll
        // From one minute before the start, which is the feed's first_run, to below the checkpoint.
        assert.deepStrictEqual(chain.sent, [99, 100, 101, 102, 103].map(idAt))
      }),
    ),
  )

  it.effect("comes to it though the clock was ahead by a year when it was last done", () =>
    withSettableClock((set) =>
      test(({ afterPoll, chain, restart }) =>
        Effect.gen(function* () {
          set(365 * 24 * 60 * MINUTE)
          yield* restart
          yield* afterPoll
          set(-365 * 24 * 60 * MINUTE)
          yield* restart
          yield* TestClock.setTime(START + 5 * MINUTE)
          yield* checkpoint(START + 4 * MINUTE)
          yield* afterPoll
          assert.deepStrictEqual(chain.sent, [100, 101, 102, 103].map(idAt))
        }),
      ),
    ),
  )

  it.effect("goes no further back than its window", () =>
    test(({ afterPoll, chain }) =>
      Effect.gen(function* () {
        chain.indexer.index(...records.map(idOf))
        yield* afterPoll
        yield* TestClock.setTime(START + 60 * MINUTE)
        yield* checkpoint(START + 60 * MINUTE)
        chain.indexer.documents.delete(idAt(110))
        chain.indexer.documents.delete(idAt(135))
        yield* afterPoll
        assert.deepStrictEqual(chain.sent, [idAt(135)])
      }),
    ),
  )

  it.effect("says when the source fails, and tries again before the interval is over, not at each poll", () =>
    test(({ afterPoll, chain, lines }) =>
      Effect.gen(function* () {
        const failures = () => eventsOf(lines).filter((event) => event === "reconcile.failed").length
        chain.indexer.index(...records.map(idOf))
        yield* afterPoll
        yield* TestClock.setTime(START + 11 * MINUTE)
        yield* checkpoint(START + 11 * MINUTE)
        chain.failingPage = 0
        yield* afterPoll
        yield* afterPoll
        assert.strictEqual(failures(), 1)
        chain.failingPage = undefined
        yield* TestClock.adjust("2 minutes")
        yield* afterPoll
        assert.include(eventsOf(lines), "reconcile.finished")
      }),
    ),
  )

  it.effect("is left out where the index can't answer for all of the window, and its feed goes on", () =>
    test(({ afterPoll, chain, lines }) =>
      Effect.gen(function* () {
        chain.indexer.index(...records.map(idOf))
        yield* afterPoll
        yield* TestClock.setTime(START + 11 * MINUTE)
        yield* checkpoint(START + 11 * MINUTE)
        chain.indexer.failing = "incomplete"
        yield* afterPoll
        const [failed] = lines.filter(({ event }) => event === "reconcile.failed")
        assert.deepInclude(failed?.fields, { reason: "incomplete", missing: 0 })
        assert.deepStrictEqual(chain.sent, [])
      }),
    ),
  )

  it.effect("does nothing once a stop is asked for", () =>
    test(({ afterPoll, chain }) =>
      Effect.gen(function* () {
        yield* afterPoll
        yield* TestClock.setTime(START + 11 * MINUTE)
        yield* checkpoint(START + 11 * MINUTE)
        yield* (yield* Stop).request
        yield* afterPoll
        assert.deepStrictEqual(chain.sent, [])
      }),
    ),
  )
})
