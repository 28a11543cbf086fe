import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import { type Feed, Feeds } from "../../src/sources/Source.ts"
import { count, observe, set } from "../../src/telemetry/metric.ts"
import { METRICS } from "../../src/telemetry/metrics.ts"
import { prometheusText } from "../../src/telemetry/prometheusText.ts"
import { FLOWS, QUIET, samplesOf, world } from "./scraped.ts"

describe("prometheusText", () => {
  it.effect("tells what was counted, set and observed", () =>
    Effect.gen(function* () {
      yield* count(METRICS.events, { feed: FLOWS, stage: "fetched" }, 500)
      yield* count(METRICS.events, { feed: FLOWS, stage: "fetched" }, 20)
      yield* observe(METRICS.indexLag, { feed: FLOWS }, 4)
      yield* observe(METRICS.indexLag, { feed: FLOWS }, 40)
      yield* set(METRICS.canaryLag, {}, 6.5)
      const samples = samplesOf(yield* prometheusText)
      assert.strictEqual(samples.get(`waybill_events_total{feed="${FLOWS}",stage="fetched"}`), 520)
      assert.strictEqual(samples.get(`waybill_index_lag_seconds_bucket{feed="${FLOWS}",le="2.5"}`), 0)
      assert.strictEqual(samples.get(`waybill_index_lag_seconds_bucket{feed="${FLOWS}",le="5"}`), 1)
      assert.strictEqual(samples.get(`waybill_index_lag_seconds_bucket{feed="${FLOWS}",le="+Inf"}`), 2)
      assert.strictEqual(samples.get(`waybill_index_lag_seconds_sum{feed="${FLOWS}"}`), 44)
      assert.strictEqual(samples.get("waybill_canary_lag_seconds"), 6.5)
    }).pipe(Effect.provide(world())),
  )

  it.effect("has the counters of every feed and peer at 0 before anything happened", () =>
    Effect.gen(function* () {
      const samples = samplesOf(yield* prometheusText)
      assert.strictEqual(samples.get(`waybill_events_lost_total{feed="${FLOWS}"}`), 0)
      assert.strictEqual(samples.get(`waybill_events_total{feed="${FLOWS}",stage="dead"}`), 0)
      assert.strictEqual(samples.get('waybill_requests_total{peer="msp",outcome="failed"}'), 0)
      assert.isFalse(samples.has("waybill_canary_lag_seconds"))
      assert.strictEqual(samples.get("waybill_dlq_pending"), 0)
    }).pipe(Effect.provide(world())),
  )

  it.effect("reads what is outstanding, how old, and where it is stuck", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(100_000)
      const samples = samplesOf(yield* prometheusText)
      assert.strictEqual(samples.get("waybill_outstanding_batches"), 2)
      assert.strictEqual(samples.get("waybill_outstanding_events"), 700)
      assert.strictEqual(samples.get("waybill_outstanding_age_seconds"), 90)
      assert.strictEqual(samples.get('waybill_stalled{stage="chain"}'), 1)
      assert.strictEqual(samples.get('waybill_stalled{stage="writer"}'), 0)
      assert.strictEqual(samples.get("waybill_indexer_up"), 1)
      assert.strictEqual(samples.get("waybill_manager_queue_usage_ratio"), 0.25)
    }).pipe(
      Effect.provide(
        world(
          {
            ...QUIET,
            batches: 2,
            events: 700,
            oldestWrittenAt: 10_000,
            indexer: "available",
            stalled: { since: 20_000, stage: "chain" },
          },
          0.25,
        ),
      ),
    ),
  )

  it.effect("takes a state that is not known any more away", () =>
    Effect.gen(function* () {
      yield* set(METRICS.managerQueueUsage, {}, 0.9)
      assert.isFalse(samplesOf(yield* prometheusText).has("waybill_manager_queue_usage_ratio"))
    }).pipe(Effect.provide(world())),
  )

  it.effect("says how far each checkpoint lies behind", () =>
    Effect.gen(function* () {
      const checkpoints = yield* Checkpoints
      yield* TestClock.setTime(1_000_000)
      assert.isFalse(
        [...samplesOf(yield* prometheusText).keys()].some((key) => key.includes("checkpoint_age")),
      )
      yield* checkpoints.commit({
        version: 1,
        feed: FLOWS,
        position: { kind: "time", up_to: 400_000 },
        newest: null,
        confirmed: 0,
        committed_at: new Date(999_000).toISOString(),
      })
      assert.isTrue(Option.isSome(yield* checkpoints.load(FLOWS)))
      const samples = samplesOf(yield* prometheusText)
      assert.strictEqual(samples.get(`waybill_checkpoint_age_seconds{feed="${FLOWS}"}`), 600)
      assert.strictEqual(samples.get(`waybill_feed_interval_seconds{feed="${FLOWS}"}`), 900)
    }).pipe(Effect.provide(world())),
  )

  it.effect("says how long the oldest of what was pushed has waited, before the first checkpoint, too", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      let since: number | undefined = 970_000
      const pushed: Feed = {
        name: "hec/main",
        eventType: "event",
        interval: () => Duration.seconds(30),
        poll: () => Stream.empty,
        waitingSince: () => Effect.sync(() => since),
      }
      const age = Effect.map(prometheusText, (text) =>
        samplesOf(text).get('waybill_checkpoint_age_seconds{feed="hec/main"}'),
      ).pipe(Effect.provideService(Feeds, [pushed]))
      assert.strictEqual(yield* age, 30)
      since = undefined
      assert.strictEqual(yield* age, 0)
    }).pipe(Effect.provide(world())),
  )

  it.live("tells of the process, and of nothing that is not in the list", () =>
    Effect.gen(function* () {
      yield* Effect.sleep("60 millis")
      const text = yield* prometheusText
      const samples = samplesOf(text)
      assert.isAbove(samples.get("process_resident_memory_bytes") ?? 0, 10e6)
      assert.isAbove(samples.get("process_cpu_seconds_total") ?? 0, 0)
      assert.isAbove(samples.get("process_open_fds") ?? 0, 3)
      assert.isAtLeast(samples.get("nodejs_eventloop_lag_p99_seconds") ?? -1, 0)
      const told = Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name, type]) => `${name} ${type}`)
      const listed = Object.values(METRICS).map(({ name, type }) => `${name} ${type}`)
      assert.deepStrictEqual(
        told.filter((one) => !listed.includes(one)),
        [],
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("escapes what a label holds", () =>
    Effect.gen(function* () {
      yield* count(METRICS.hecRequests, { code: 'a"b\\c\nd' })
      assert.include(yield* prometheusText, 'waybill_hec_requests_total{code="a\\"b\\\\c\\nd"} 1\n')
    }).pipe(Effect.provide(world())),
  )
})
