import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Redacted, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { deliver } from "../../src/pipeline/Delivery.ts"
import { headersOf, layer as traceLayer } from "../../src/telemetry/traceExport.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { Chain, FEED, idOf } from "../pipeline/chain.ts"
import { withoutLogs } from "../support/logRecorder.ts"
import { type ReceivedSpan, startCollector } from "./collector.ts"

const chainOf = (records: number) =>
  new Chain(Array.from({ length: records }, (_, serial) => ({ serial, ts: serial * 100 })))

const passing = (seconds: number) => Effect.repeat(TestClock.adjust("250 millis"), { times: seconds * 4 - 1 })

const poll = (chain: Chain) =>
  Effect.gen(function* () {
    const watching = yield* Effect.forkChild(Effect.flatMap(Verifier, (verifier) => verifier.watch))
    const delivering = yield* Effect.forkChild(deliver(chain.feed, Option.none()))
    yield* passing(60)
    const summary = yield* Fiber.join(delivering)
    yield* Fiber.interrupt(watching)
    return summary
  }).pipe(Effect.provide(chain.layer), withoutLogs)

const traces = { sample_ratio: 1, service_name: "waybill-test" }

/** The spans of one poll, as the collector got them. */
const traced = (chain: Chain, sampleRatio = 1) =>
  Effect.gen(function* () {
    const collector = yield* startCollector
    yield* poll(chain).pipe(
      Effect.provide(
        traceLayer({
          endpoint: collector.url,
          sample_ratio: sampleRatio,
          service_name: "waybill-test",
          headers: Redacted.make("authorization=Bearer%20abc, x-tenant=soc"),
        }),
      ),
    )
    return { spans: yield* collector.spans, headers: collector.headers }
  })

const named = (spans: ReadonlyArray<ReceivedSpan>, name: string) => spans.filter((one) => one.name === name)

describe("traces", () => {
  it.effect("tell of a poll and of each batch at each stage", () =>
    Effect.gen(function* () {
      const { headers, spans } = yield* traced(chainOf(25))
      const [root, ...others] = named(spans, "poll")
      assert.deepStrictEqual(others, [])
      assert.isUndefined(root?.parent)
      assert.deepInclude(root?.attributes, { feed: FEED })
      for (const one of spans) {
        assert.strictEqual(one.trace, root?.trace)
        assert.strictEqual(one.status, 1, one.name)
        if (one !== root) assert.strictEqual(one.parent, root?.id, one.name)
        assert.strictEqual(one.resource["service.name"], "waybill-test")
      }
      assert.deepStrictEqual([...new Set(spans.map(({ name }) => name))].sort(), [
        "commit",
        "fetch",
        "normalize",
        "poll",
        "verify",
        "write",
      ])
      // Three pages of ten, and batches of seven at most.
      assert.deepStrictEqual(
        named(spans, "fetch").flatMap(({ attributes }) => attributes.records ?? []),
        [10, 10, 5],
      )
      const batches = named(spans, "normalize").flatMap(({ attributes }) => attributes.batches)
      assert.strictEqual(batches.length, 5)
      for (const stage of ["write", "verify", "commit"])
        assert.deepStrictEqual(
          named(spans, stage)
            .map(({ attributes }) => attributes.batch)
            .sort(),
          batches,
          stage,
        )
      const events = named(spans, "write").map(({ attributes }) => Number(attributes.events))
      assert.strictEqual(
        events.reduce((sum, one) => sum + one, 0),
        25,
      )
      assert.isTrue(named(spans, "verify").every(({ millis }) => millis > 0))
      assert.strictEqual(headers[0]?.authorization, "Bearer abc")
      assert.strictEqual(headers[0]?.["x-tenant"], "soc")
    }),
  )

  it.effect("mark what failed, and only that", () =>
    Effect.gen(function* () {
      const chain = chainOf(25)
      chain.failingPage = 1
      const { spans } = yield* traced(chain)
      const failed = spans.filter(({ status }) => status === 2)
      assert.deepStrictEqual(
        failed.map(({ name }) => name),
        ["fetch"],
      )
      assert.strictEqual(named(spans, "commit").length, 2)
    }),
  )

  it.effect("record nothing of a poll that is not sampled", () =>
    Effect.gen(function* () {
      const { spans } = yield* traced(chainOf(25), 0)
      assert.deepStrictEqual(spans, [])
    }),
  )

  it.effect("make no span at all while they are off", () =>
    Effect.gen(function* () {
      let spans = 0
      const counting = Tracer.make({
        span: (options) => {
          spans += 1
          return new Tracer.NativeSpan(options)
        },
      })
      const chain = chainOf(25)
      yield* poll(chain).pipe(
        Effect.provide(Layer.merge(traceLayer(traces), Layer.succeed(Tracer.Tracer, counting))),
      )
      assert.strictEqual(spans, 0)
      assert.deepStrictEqual(chain.sent, chain.records.map(idOf))
    }),
  )

  it.effect("cost nothing but themselves when the collector is away", () =>
    Effect.gen(function* () {
      const chain = chainOf(25)
      yield* poll(chain).pipe(
        Effect.provide(traceLayer({ ...traces, endpoint: "http://127.0.0.1:9/v1/traces" })),
      )
      assert.deepStrictEqual(chain.sent, chain.records.map(idOf))
    }),
  )

  it("take their headers as OTEL_EXPORTER_OTLP_HEADERS has them", () => {
    assert.deepStrictEqual(headersOf("A=1"), { a: "1" })
    assert.deepStrictEqual(headersOf("authorization=Basic dXNlcjpwYXNz==, x=a%20b%2Cc%ZZ"), {
      authorization: "Basic dXNlcjpwYXNz==",
      x: "a b,c%ZZ",
    })
  })
})
