import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { RunStatus } from "../../src/status/RunStatus.ts"
import { Verifier } from "../../src/verify/Verifier.ts"
import { Witnesses } from "../../src/verify/Witnesses.ts"
import { CALM, ModelChain, type ModelOptions } from "./modelChain.ts"
import { delivered, joined, numbered, onStage, passing } from "./proofStage.ts"

const MINUTE = 60_000
const NOON = 12 * 3_600_000
/** When a story begins: the index of the day has been seen by then, whatever the refresh. */
const BEGIN = NOON + 200_000

/** The way has been cleared and the index of the day been seen when the steps begin. */
const story = (
  options: Partial<ModelOptions>,
  steps: (
    model: ModelChain,
    lines: Parameters<Parameters<typeof onStage>[1]>[0],
  ) => ReturnType<Parameters<typeof onStage>[1]>,
  begin = BEGIN,
) =>
  Effect.gen(function* () {
    const model = new ModelChain({ ...CALM, ...options })
    yield* TestClock.setTime(begin - 200_000)
    yield* onStage(model, (lines) =>
      Effect.gen(function* () {
        const witnesses = yield* Witnesses
        const open = yield* Effect.forkChild(witnesses.barrier)
        yield* passing(200)
        yield* joined(open)
        yield* steps(model, lines)
      }),
    )
  })

describe("the proof of loss", () => {
  it.effect("an event that is lost among others is written again, only it, and quickly", () =>
    story({}, (model) =>
      Effect.gen(function* () {
        model.poison.add("a-7")
        const delivering = yield* Effect.forkChild(delivered("a", numbered("a", 50)))
        yield* passing(25)
        model.poison.clear()
        yield* passing(25)
        const losses = yield* joined(delivering)
        assert.deepStrictEqual(losses[0]?.missing, ["a-7"])
        assert.strictEqual(losses[0]?.evidence.shards, 3)
        assert.isAtLeast(losses[0]?.evidence.neighbours ?? 0, 49)
        assert.strictEqual(model.writes.get("a-6"), 1)
        assert.deepStrictEqual(model.twice, [])
      }),
    ),
  )

  const merelyLate: ReadonlyArray<readonly [string, Partial<ModelOptions>, number]> = [
    ["a shipper that pauses for 10 minutes", { pauses: [[BEGIN + 10_000, BEGIN + 10 * MINUTE]] }, 700],
    ["a refresh of 60 s", { refreshMillis: 60_000 }, 400],
    ["a refresh of 60 s, and two copies of each shard", { refreshMillis: 60_000, copies: 2 }, 600],
    ["a chain that takes a minute", { delayMillis: MINUTE }, 400],
    ["neighbours that swap places", { reorderMillis: 900 }, 120],
    ["neighbours that swap places over a refresh", { reorderMillis: 900, refreshMillis: 40_000 }, 400],
    ["an indexer whose answers are incomplete", { unsearchable: [[BEGIN + 5_000, BEGIN + 5 * MINUTE]] }, 400],
  ]
  /** Batches of changing sizes, one each 1.5 s. */
  const stream = Effect.forEach(
    Array.from({ length: 40 }, (_, n) => n),
    (n) => Effect.delay(delivered(`b${n}`, numbered(`b${n}`, 1 + ((n * 7) % 30))), Duration.millis(n * 1500)),
    { concurrency: "unbounded" },
  )
  for (const [name, options, seconds] of merelyLate)
    it.effect(`${name}: nothing is sent twice`, () =>
      story(options, (model) =>
        Effect.gen(function* () {
          const delivering = yield* Effect.forkChild(stream)
          yield* passing(seconds)
          assert.deepStrictEqual((yield* joined(delivering)).flat(), [])
          assert.deepStrictEqual(
            [...model.writes].filter(([, times]) => times > 1),
            [],
          )
        }),
      ),
    )

  it.effect("batches over midnight: nothing is sent twice", () =>
    story(
      { refreshMillis: 60_000, reorderMillis: 900 },
      (model) =>
        Effect.gen(function* () {
          const delivering = yield* Effect.forkChild(stream)
          yield* passing(400)
          assert.deepStrictEqual((yield* joined(delivering)).flat(), [])
          assert.strictEqual(new Set(model.documents.map(({ index }) => index)).size, 2)
        }),
      2 * NOON - 30_000,
    ),
  )

  it.effect("a manager whose clock was hours behind until somebody set it: nothing is sent twice", () =>
    story({ clock: [[BEGIN, BEGIN + 5 * MINUTE, -5 * 60 * MINUTE]] }, (model) =>
      Effect.gen(function* () {
        const delivering = yield* Effect.forkChild(stream)
        yield* passing(600)
        assert.deepStrictEqual((yield* joined(delivering)).flat(), [])
        assert.deepStrictEqual(model.twice, [])
      }),
    ),
  )

  it.effect("half of a later batch says nothing about the shards that have not refreshed", () =>
    story({ refreshMillis: 60_000 }, (model) =>
      Effect.gen(function* () {
        const first = yield* Effect.forkChild(delivered("a", numbered("a", 30)))
        yield* passing(8)
        const second = yield* Effect.forkChild(delivered("b", numbered("b", 30)))
        yield* passing(150)
        assert.deepStrictEqual(yield* joined(first), [])
        assert.deepStrictEqual(yield* joined(second), [])
        assert.deepStrictEqual(model.twice, [])
      }),
    ),
  )

  it.effect(
    "everything lost in an outage is proven when later events arrive, and says that no neighbour came",
    () =>
      story({ blackouts: [[BEGIN, BEGIN + 70_000]] }, (model, lines) =>
        Effect.gen(function* () {
          const delivering = yield* Effect.forkChild(delivered("a", numbered("a", 500)))
          yield* passing(60)
          assert.isUndefined(delivering.pollUnsafe())
          yield* passing(120)
          const losses = yield* joined(delivering)
          assert.strictEqual(losses.length, 1)
          assert.strictEqual(losses[0]?.missing.length, 500)
          assert.strictEqual(losses[0]?.evidence.neighbours, 0)
          assert.deepStrictEqual(model.twice, [])
          assert.isFalse(lines.some(({ event }) => event === "delivery.stalled"))
        }),
      ),
  )

  it.effect(
    "a stall is told with its stage, each minute, and at its end how much was late and how much lost",
    () =>
      story(
        {
          pauses: [[BEGIN + 2_000, BEGIN + 2_000 + 6 * MINUTE]],
          blackouts: [[BEGIN + 10_000, BEGIN + 11_000]],
        },
        (model, lines) =>
          Effect.gen(function* () {
            const verifier = yield* Verifier
            yield* passing(3)
            const late = yield* Effect.forkChild(delivered("late", numbered("late", 20)))
            yield* passing(7.25)
            const lost = yield* Effect.forkChild(delivered("lost", numbered("lost", 30)))
            yield* passing(4 * 60)
            const stalls = () => lines.filter(({ event }) => event === "delivery.stalled")
            assert.strictEqual(stalls()[0]?.fields.stage, "chain")
            assert.isAtLeast(stalls().length, 2)
            assert.isAtMost(stalls().length, 3)
            assert.strictEqual((yield* verifier.status).stalled?.stage, "chain")
            yield* passing(3 * 60)
            yield* joined(late)
            yield* joined(lost)
            const recovered = lines.filter(({ event }) => event === "delivery.recovered")
            assert.strictEqual(recovered.length, 1)
            assert.deepInclude(recovered[0]?.fields, { late: 20, lost: 30 })
            assert.isUndefined((yield* verifier.status).stalled)
            assert.deepStrictEqual(model.twice, [])
          }),
      ),
  )

  it.effect("a manager that takes nothing is a stall, too, although nothing is on its way", () =>
    story({}, (_, lines) =>
      Effect.gen(function* () {
        const verifier = yield* Verifier
        const { held, released } = yield* RunStatus
        const stalls = () => lines.filter(({ event }) => event === "delivery.stalled")
        const before = yield* Effect.forkChild(delivered("before", numbered("before", 20)))
        yield* passing(60)
        yield* joined(before)
        yield* held("writer", "nobody listens")
        yield* passing(100)
        assert.isUndefined((yield* verifier.status).stalled)
        yield* passing(30)
        assert.strictEqual((yield* verifier.status).stalled?.stage, "writer")
        assert.deepInclude(stalls()[0]?.fields, { stage: "writer", unconfirmed: 0 })
        yield* passing(60)
        assert.strictEqual(stalls().length, 2)

        yield* released("writer")
        const after = yield* Effect.forkChild(delivered("after", numbered("after", 20)))
        yield* passing(60)
        yield* joined(after)
        assert.isUndefined((yield* verifier.status).stalled)
        assert.strictEqual(lines.filter(({ event }) => event === "delivery.recovered").length, 1)
      }),
    ),
  )

  it.effect(
    "after midnight what may lie in the index of the day before waits ten minutes for its proof",
    () =>
      story(
        {},
        (model) =>
          Effect.gen(function* () {
            model.poison.add("a-3")
            const delivering = yield* Effect.forkChild(delivered("a", numbered("a", 20)))
            yield* passing(9 * 60)
            model.poison.clear()
            assert.strictEqual(model.writes.get("a-3"), 1)
            yield* passing(3 * 60)
            const losses = yield* joined(delivering)
            assert.deepStrictEqual(
              losses.map(({ missing }) => missing),
              [["a-3"]],
            )
            assert.deepStrictEqual(model.twice, [])
          }),
        2 * NOON - 1_000,
      ),
  )

  it.effect("asks nothing and sends nothing while nothing is out, but a canary in quiet times", () =>
    Effect.gen(function* () {
      const model = new ModelChain(CALM)
      yield* onStage(model, () => passing(600), Duration.minutes(5))
      assert.strictEqual([...model.writes.keys()].length, 2)
    }),
  )
})
