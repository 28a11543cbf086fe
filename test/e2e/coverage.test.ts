/** Answers that do not cover the index: they prove nothing, nothing is written again, and it is told. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { IndexerFault } from "../../src/demo/indexer/SimulatedIndexer.ts"
import { onStage, type Stage, TEST_TIMEOUT } from "./world.ts"

const COUNT = 300
/** What lasts for some polls. */
const LASTS = Effect.sleep("6 seconds")

const delivered = (stage: Stage) =>
  Effect.gen(function* () {
    const waybill = yield* stage.start
    yield* stage.arrived
    yield* stage.nextLine("poll.finished")
    return waybill
  })

const FAULTS: ReadonlyArray<readonly [name: string, fault: IndexerFault]> = [
  ["no index matches any more", { kind: "no-shards" }],
  ["the remote cluster is skipped", { kind: "skipped-cluster" }],
]

describe("answers that leave something out", () => {
  for (const [name, fault] of FAULTS)
    it.live(
      `${name}: what was delivered is not written again`,
      () =>
        onStage(
          {
            flows: { count: COUNT, span: "20 hours" },
            set: { "source.firewalla.feeds.flows.overlap": "40 hours" },
          },
          (stage) =>
            Effect.gen(function* () {
              const waybill = yield* delivered(stage)
              yield* stage.indexer.fault(fault)
              yield* LASTS
              yield* stage.indexer.clearFault
              yield* stage.endsWell(waybill)
              assert.isAtLeast(
                yield* stage.countLines("indexer.unavailable", ({ reason }) => reason === "incomplete"),
                1,
              )
            }),
        ),
      TEST_TIMEOUT,
    )

  it.live(
    "the index is closed for a while: the same",
    () =>
      onStage(
        {
          flows: { count: COUNT, span: "20 hours" },
          set: { "source.firewalla.feeds.flows.overlap": "40 hours" },
        },
        (stage) =>
          Effect.gen(function* () {
            const waybill = yield* delivered(stage)
            yield* stage.indexer.openIndices(false)
            yield* LASTS
            yield* stage.indexer.openIndices(true)
            yield* stage.endsWell(waybill)
          }),
      ),
    TEST_TIMEOUT,
  )
})
