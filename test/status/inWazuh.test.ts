/** Waybill's own state on its way into the index, over real sockets and HTTP. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Schema } from "effect"
import { onStage, type Stage, stopped, TEST_TIMEOUT } from "../e2e/world.ts"

const Alert = Schema.Struct({
  data: Schema.Struct({
    event_type: Schema.Literal("sidecar_status"),
    waybill_status: Schema.Record(Schema.String, Schema.String),
  }),
})
const isAlert = Schema.is(Alert)

const statusIn = ({ indexer }: Stage) =>
  indexer.store.columns.source.filter(isAlert).map(({ data }) => data.waybill_status)

describe("status events", () => {
  it.live(
    "become alerts: heartbeats, and a gap that is lost for good",
    () =>
      onStage(
        {
          flows: { count: 50, span: "1 hour" },
          indexer: { keepDocuments: true },
          set: {
            "status.heartbeat": "1 second",
            "source.firewalla.retention": "30 minutes",
            "source.firewalla.feeds.flows.first_run": "30 minutes",
          },
        },
        (stage) =>
          Effect.gen(function* () {
            const first = yield* stage.start
            yield* stage.hasLine("poll.finished")
            assert.strictEqual(yield* stopped(first), 0)
            const checkpoint = stage.checkpoints.at(-1) ?? assert.fail("no checkpoint")
            const older = { ...checkpoint, position: { kind: "time", up_to: Date.now() - 7_200_000 } }
            const fs = yield* FileSystem.FileSystem
            yield* fs.writeFileString(stage.checkpointFile("flows"), JSON.stringify(older))
            const second = yield* stage.start
            yield* stage.until(
              "there are two heartbeats and a gap",
              Effect.sync(() => {
                const kinds = statusIn(stage).map(({ kind }) => kind)
                return kinds.filter((kind) => kind === "heartbeat").length >= 2 && kinds.includes("gap_found")
              }),
            )
            assert.strictEqual(yield* stopped(second), 0)
            const gaps = statusIn(stage).filter(({ kind }) => kind === "gap_found")
            assert.strictEqual(gaps.length, 1)
            assert.include(gaps[0], { feed: "firewalla-msp/flows", gap: "lost" })
            const beat = statusIn(stage).find(({ kind }) => kind === "heartbeat")
            assert.include(beat, { indexer: "available", dead_letters: "0" })
            const { twice } = yield* stage.equation
            assert.deepStrictEqual(twice, [])
          }),
      ),
    TEST_TIMEOUT,
  )
})
