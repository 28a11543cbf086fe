/** How long a start waits for the indexer, and what it says; what it decides is in decide.test.ts. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { CheckpointError, Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import * as MemoryCheckpoints from "../../src/checkpoints/MemoryCheckpoints.ts"
import type { Checkpoint } from "../../src/domain/Checkpoint.ts"
import { IndexerError, type IndexerErrorReason } from "../../src/indexer/Indexer.ts"
import { IndexHistory, type NewestEvent, type NewestQuery } from "../../src/indexer/IndexHistory.ts"
import type { Feed } from "../../src/sources/Source.ts"
import { reach } from "../../src/sync/ask.ts"
import { compare } from "../../src/sync/compare.ts"
import { recordedStatus } from "../status/recordedStatus.ts"
import { eventsOf, type LogLine, recordLogs } from "../support/logRecorder.ts"
import { FakeIndexer } from "../verify/fakeIndexer.ts"

const NAME = "firewalla-msp/flows"
const OPTIONS = { timeout: Duration.seconds(30), clockSkew: Duration.hours(1) }
const HOUR = 3_600_000
const feed: Feed = {
  name: NAME,
  eventType: "flow",
  retention: Duration.days(30),
  history: { firstRun: Duration.hours(1), between: () => Stream.empty },
  interval: () => Duration.minutes(15),
  poll: () => Stream.empty,
}
const checkpoint: Checkpoint = {
  version: 1,
  feed: NAME,
  position: { kind: "time", up_to: 20 * HOUR },
  newest: { id: "newest", time: 19 * HOUR },
  confirmed: 3,
  committed_at: "1970-01-01T20:00:00.000Z",
}

const scene = () => {
  const lines: Array<LogLine> = []
  const status = recordedStatus()
  const indexer = new FakeIndexer()
  const asked: Array<NewestQuery> = []
  const history: { newest: Option.Option<NewestEvent>; failing: IndexerErrorReason | undefined } = {
    newest: Option.none(),
    failing: undefined,
  }
  const layer = Layer.mergeAll(
    indexer.layer,
    Layer.succeed(IndexHistory, {
      newest: (query) =>
        Effect.suspend(() => {
          asked.push(query)
          return history.failing === undefined
            ? Effect.succeed(history.newest)
            : new IndexerError({ reason: history.failing, message: "away" })
        }),
    }),
    MemoryCheckpoints.layer,
    status.layer,
    recordLogs(lines),
  )
  return { lines, indexer, asked, history, told: status.told, layer }
}

const commit = Effect.flatMap(Checkpoints, (checkpoints) => Effect.orDie(checkpoints.commit(checkpoint)))
const load = Effect.flatMap(Checkpoints, (checkpoints) => Effect.orDie(checkpoints.load(NAME)))

describe("reach", () => {
  it.effect("tries until the indexer answers", () => {
    const { indexer, layer } = scene()
    return Effect.gen(function* () {
      indexer.failing = "unreachable"
      const reaching = yield* Effect.forkChild(reach(OPTIONS))
      yield* TestClock.adjust("20 seconds")
      indexer.failing = undefined
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(reaching)
      assert.isBelow(indexer.searches.length, 25)
    }).pipe(Effect.provide(layer))
  })

  it.effect("gives up when the time is over, with what went wrong", () => {
    const { indexer, layer } = scene()
    return Effect.gen(function* () {
      indexer.failing = "overloaded"
      const reaching = yield* Effect.forkChild(Effect.flip(reach(OPTIONS)))
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(reaching.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(reaching)).reason, "overloaded")
    }).pipe(Effect.provide(layer))
  })

  for (const reason of ["unauthorized", "forbidden", "untrusted"] as const)
    it.effect(`asks only once when the answer is ${reason}: no account is locked`, () => {
      const { indexer, layer } = scene()
      return Effect.gen(function* () {
        indexer.failing = reason
        assert.strictEqual((yield* Effect.flip(reach(OPTIONS))).reason, reason)
        assert.strictEqual(indexer.searches.length, 1)
      }).pipe(Effect.provide(layer))
    })
})

describe("compare", () => {
  it.effect("commits a rewound checkpoint, says so and alerts, and is in sync from then on", () => {
    const { history, indexer, layer, lines, told } = scene()
    return Effect.gen(function* () {
      yield* commit
      indexer.index("older")
      history.newest = Option.some({ id: "older", timeMillis: 12 * HOUR + 750 })
      yield* compare(feed, OPTIONS, false)
      const rewound = Option.getOrThrow(yield* load)
      assert.deepStrictEqual(rewound.position, { kind: "time", up_to: 12 * HOUR })
      assert.deepStrictEqual(rewound.newest, { id: "older", time: 12 * HOUR + 750 })
      assert.strictEqual(rewound.confirmed, 3)
      assert.deepStrictEqual(eventsOf(lines), ["sync.rewound"])
      assert.include(lines[0]?.message, "rewound from 1970-01-01T20:00:00.000Z to 1970-01-01T12:00:00.000Z")
      assert.deepStrictEqual(
        told.map(({ kind }) => kind),
        ["gap_found"],
      )
      yield* compare(feed, OPTIONS, false)
      assert.deepStrictEqual(eventsOf(lines), ["sync.rewound", "sync.in_sync"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("holds while a rewound checkpoint can't be written, and says so", () => {
    const { history, layer, lines } = scene()
    const full = new CheckpointError({ operation: "commit", feed: NAME, message: "The disk is full." })
    const disk = { full: true }
    return Effect.gen(function* () {
      history.newest = Option.some({ id: "older", timeMillis: 12 * HOUR })
      const comparing = yield* Effect.forkChild(compare(feed, OPTIONS, false))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual([...new Set(eventsOf(lines))], ["checkpoint.commit_failed"])
      disk.full = false
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(comparing)
      assert.strictEqual(lines.at(-1)?.event, "sync.rewound")
    }).pipe(
      Effect.provideService(Checkpoints, {
        load: () => Effect.succeed(Option.some(checkpoint)),
        commit: () => Effect.suspend(() => (disk.full ? Effect.fail(full) : Effect.void)),
      }),
      Effect.provide(layer),
    )
  })

  it.effect(
    "asks a healthy index for nothing older than the newest event, less the skew of the clocks",
    () => {
      const { asked, history, indexer, layer, lines } = scene()
      return Effect.gen(function* () {
        yield* commit
        indexer.index("newest")
        history.newest = Option.some({ id: "newest", timeMillis: 19 * HOUR })
        yield* compare(feed, OPTIONS, false)
        assert.deepStrictEqual(asked, [{ source: "firewalla-msp", eventType: "flow", since: 18 * HOUR }])
        assert.deepStrictEqual(
          indexer.searches.map(({ since }) => since),
          [18 * HOUR],
        )
        assert.deepStrictEqual(eventsOf(lines), ["sync.in_sync"])
        assert.deepStrictEqual(yield* load, Option.some(checkpoint))
      }).pipe(Effect.provide(layer))
    },
  )

  it.effect("finds an alarm that has moved on since it was sent", () => {
    const { history, indexer, layer, lines } = scene()
    return Effect.gen(function* () {
      yield* commit
      indexer.index("newest")
      indexer.arrivedAt.set("newest", 2 * HOUR)
      history.newest = Option.some({ id: "newest", timeMillis: 19 * HOUR })
      yield* compare({ ...feed, eventType: "alarm" }, OPTIONS, false)
      assert.deepStrictEqual(eventsOf(lines), ["sync.in_sync"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("warns where an empty index lacks what was confirmed, and not on a fresh deployment", () => {
    const { layer, lines, told } = scene()
    return Effect.gen(function* () {
      yield* compare(feed, OPTIONS, false)
      yield* commit
      yield* compare(feed, OPTIONS, false)
      assert.deepStrictEqual(
        lines.map(({ event, level }) => [event, level]),
        [
          ["sync.no_data", "Info"],
          ["sync.no_data", "Warn"],
        ],
      )
      assert.include(lines[1]?.message, "waybill backfill")
      assert.strictEqual(told.length, 1)
      assert.deepStrictEqual(yield* load, Option.some(checkpoint))
    }).pipe(Effect.provide(layer))
  })

  it.effect("says what lies between the index and a first run, if the state was lost", () => {
    const { history, layer, lines, told } = scene()
    return Effect.gen(function* () {
      yield* TestClock.setTime(8 * HOUR)
      history.newest = Option.some({ id: "before", timeMillis: 5 * HOUR })
      yield* compare(feed, OPTIONS, false)
      assert.deepStrictEqual(
        lines.map(({ event, level }) => [event, level]),
        [["sync.indexer_ahead", "Warn"]],
      )
      assert.include(lines[0]?.message, "waybill backfill --from 1970-01-01T05:00:00.000Z")
      assert.strictEqual(told.length, 1)
      assert.isTrue(Option.isNone(yield* load))
    }).pipe(Effect.provide(layer))
  })

  it.effect("is skipped, once, when the searches fail after all", () => {
    const { history, layer, lines, told } = scene()
    return Effect.gen(function* () {
      yield* commit
      history.failing = "timed-out"
      const comparing = yield* Effect.forkChild(compare(feed, OPTIONS, false))
      yield* TestClock.adjust(OPTIONS.timeout)
      yield* Fiber.join(comparing)
      assert.deepStrictEqual(eventsOf(lines), ["sync.skipped"])
      assert.include(lines[0]?.message, "skipped (indexer unreachable)")
      assert.strictEqual(told[0]?.kind, "error")
    }).pipe(Effect.provide(layer))
  })

  it.effect("is not told as skipped a second time", () => {
    const { history, layer, lines } = scene()
    return Effect.gen(function* () {
      history.failing = "forbidden"
      yield* compare(feed, OPTIONS, true)
      assert.isEmpty(lines)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is skipped when the checkpoint can't be read", () => {
    const { layer, lines } = scene()
    const error = new CheckpointError({ operation: "load", feed: NAME, message: "both are damaged." })
    return compare(feed, OPTIONS, false).pipe(
      Effect.provideService(Checkpoints, {
        load: () => Effect.fail(error),
        commit: () => Effect.die("must not be written"),
      }),
      Effect.andThen(
        Effect.sync(() => {
          assert.deepStrictEqual(eventsOf(lines), ["sync.skipped"])
          assert.include(lines[0]?.message, "both are damaged")
        }),
      ),
      Effect.provide(layer),
    )
  })
})
