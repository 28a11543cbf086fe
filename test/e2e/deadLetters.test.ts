/** A folder of dead letters that is full holds the feed, and room makes it go on. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { onStage, stopped, TEST_TIMEOUT } from "./world.ts"

const BAD = 6
const MOST = 2

describe("dead letters", () => {
  it.live(
    "at dlq.max_files the feed holds and says so; it goes on by itself each time there is room",
    () =>
      onStage(
        {
          flows: { count: 300, span: "20 hours" },
          set: {
            "dlq.max_files": MOST,
            "source.firewalla.feeds.flows.page_size": 300 / BAD,
            "source.firewalla.feeds.flows.slice": "80 hours",
            "source.firewalla.feeds.flows.overlap": "0 seconds",
            "source.firewalla.feeds.flows.interval": "1 hour",
          },
        },
        (stage) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const folder = `${stage.world.folder}/dlq`
            yield* stage.world.msp.inject({
              endpoint: "flows",
              fault: { kind: "bad-record" },
              times: BAD,
            })
            const waybill = yield* stage.start
            for (let dead = MOST; dead < BAD; dead += MOST) {
              yield* stage.nextLine("dead_letter.failed", ({ message }) => message.includes("dlq.max_files"))
              const names = yield* fs.readDirectory(folder)
              assert.strictEqual(names.length, MOST)
              assert.strictEqual((yield* stage.letters).length, dead)
              assert.strictEqual(yield* stage.countLines("poll.finished"), 0)
              yield* Effect.forEach(names, (name) => fs.remove(`${folder}/${name}`))
            }
            yield* stage.hasLine("poll.finished")
            assert.strictEqual((yield* stage.letters).length, BAD)
            assert.strictEqual(yield* stage.copies, 300 - BAD)
            assert.strictEqual(yield* stopped(waybill), 0)
            yield* stage.assertEquation
          }),
      ),
    TEST_TIMEOUT,
  )
})
