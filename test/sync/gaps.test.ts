import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Checkpoint } from "../../src/domain/Checkpoint.ts"
import { type Feed, type Page, SourceError } from "../../src/sources/Source.ts"
import { lostGap, reportingGaps } from "../../src/sync/gaps.ts"
import { checkpointAt } from "../contracts/Checkpoints.ts"
import { recordedStatus } from "../status/recordedStatus.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"

const NAME = "firewalla-msp/flows"
const DAY = 86_400_000
const at = (upTo: number): Option.Option<Checkpoint> => Option.some(checkpointAt(NAME, upTo))

describe("lostGap", () => {
  const retention = Duration.days(1)
  const feed = { name: NAME, retention }
  for (const [what, checkpoint, expected] of [
    ["a first run", Option.none(), undefined],
    ["all of it can still be had", at(9 * DAY), undefined],
    ["it ends exactly where the records begin", at(8 * DAY), undefined],
    ["a part is too old", at(8 * DAY - 1), { feed: NAME, from: 8 * DAY - 1, to: 8 * DAY }],
    [
      "an inventory has no time",
      Option.map(at(0), (one) => ({
        ...one,
        position: { kind: "inventory" as const, generation: 1, devices: [] },
      })),
      undefined,
    ],
  ] as const)
    it(what, () => assert.deepStrictEqual(lostGap(feed, checkpoint, 9 * DAY), expected))
  it("nothing is known of a source that does not say how long it keeps records", () =>
    assert.isUndefined(lostGap({ name: NAME }, at(0), 9 * DAY)))
})

describe("reportingGaps", () => {
  const page: Page = { fetched: 0, envelopes: [], position: Option.none(), maybeSent: false }
  const down = new SourceError({
    feed: NAME,
    request: "/flows",
    reason: { _tag: "Unreachable", detail: "" },
    message: "away",
  })

  /** A feed whose source is away until told otherwise, polled by a run that began at day 9. */
  const scene = <A>(
    story: (parts: {
      readonly poll: (upTo: number) => Effect.Effect<number>
      readonly source: { away: boolean }
      readonly lines: ReadonlyArray<LogLine>
      readonly told: ReadonlyArray<{ readonly kind: string; readonly fields: object }>
    }) => Effect.Effect<A>,
  ) => {
    const lines: Array<LogLine> = []
    const status = recordedStatus()
    const source = { away: false }
    const feed: Feed = {
      name: NAME,
      eventType: "flow",
      retention: Duration.days(1),
      interval: () => Duration.minutes(15),
      poll: () => Stream.suspend(() => (source.away ? Stream.fail(down) : Stream.make(page, page))),
    }
    return Effect.gen(function* () {
      yield* TestClock.setTime(9 * DAY)
      const [reporting = feed] = yield* reportingGaps([feed])
      const poll = (upTo: number) =>
        reporting.poll(at(upTo)).pipe(
          Stream.runCount,
          Effect.orElseSucceed(() => 0),
        )
      return yield* story({ poll, source, lines, told: status.told })
    }).pipe(Effect.provide([status.layer, Layer.fresh(recordLogs(lines))]))
  }

  it.effect("tells a gap once, as log and status event, and yields every page", () =>
    scene(
      Effect.fnUntraced(function* ({ poll, lines, told }) {
        assert.strictEqual(yield* poll(7 * DAY), 2)
        assert.strictEqual(yield* poll(7 * DAY), 2)
        const bounds = { from: "1970-01-08T00:00:00.000Z", to: "1970-01-09T00:00:00.000Z" }
        assert.deepStrictEqual(
          lines.map(({ event, level, fields }) => [event, level, fields.from, fields.to]),
          [["gap.lost", "Error", bounds.from, bounds.to]],
        )
        assert.deepStrictEqual(
          told.map(({ kind, fields }) => ({ kind, fields })),
          [{ kind: "gap_found", fields: { feed: NAME, gap: "lost", ...bounds } }],
        )
      }),
    ),
  )

  it.effect("waits until the source answers: the gap grows while it is away", () =>
    scene(
      Effect.fnUntraced(function* ({ poll, source, lines }) {
        source.away = true
        yield* poll(7 * DAY)
        assert.isEmpty(lines)
        yield* TestClock.adjust("1 hour")
        source.away = false
        yield* poll(7 * DAY)
        assert.deepStrictEqual(
          lines.map(({ fields }) => fields.to),
          ["1970-01-09T01:00:00.000Z"],
        )
      }),
    ),
  )

  it.effect("tells of the next gap, too", () =>
    scene(
      Effect.fnUntraced(function* ({ poll, lines }) {
        yield* poll(7 * DAY)
        yield* poll(9 * DAY)
        assert.strictEqual(lines.length, 1)
        yield* TestClock.adjust("5 days")
        yield* poll(9 * DAY)
        assert.strictEqual(lines.length, 2)
      }),
    ),
  )
})
