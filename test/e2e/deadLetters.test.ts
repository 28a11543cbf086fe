/** What feeds wait for: that there is room for dead letters, and that those that wait already are known. */
import { execFileSync } from "node:child_process"
import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { keyOf, letter } from "../admin/letters.ts"
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

  it.live(
    "that are being read hold the feeds, and neither health nor readiness",
    () =>
      onStage({ flows: { count: 20, span: "1 hour" } }, (stage) => {
        const folder = `${stage.world.folder}/dlq`
        const file = `${folder}/${keyOf(0)}.json`
        const text = JSON.stringify(letter(0))
        // A pipe: whoever reads this file waits until its end is written.
        const pipe = Effect.sync(() => {
          mkdirSync(folder, { mode: 0o700 })
          execFileSync("mkfifo", [file])
          return openSync(file, "r+")
        })
        const watch = Effect.gen(function* () {
          const waybill = yield* stage.start
          yield* stage.hasLine("admin.listening")
          const listening = (yield* stage.lines).find(({ event }) => event === "admin.listening")
          const ask = (path: string) =>
            Effect.promise(async () => {
              const answer = await fetch(`${String(listening?.address)}${path}`)
              return { status: answer.status, text: await answer.text() }
            })
          const health = yield* ask("/healthz")
          assert.strictEqual(health.status, 200)
          assert.include(health.text, '"pending_files":1')
          yield* stage.hasLine("sync.no_data")
          yield* Effect.sleep("500 millis")
          const ready = yield* ask("/readyz")
          assert.strictEqual(ready.status, 503)
          assert.include(ready.text, '"why":"the dead letters are being read"')
          assert.strictEqual(yield* stage.countLines("poll.started"), 0)
          return { ask, waybill }
        })
        return Effect.gen(function* () {
          // Closed before Waybill is ended: it cannot end while it reads.
          const { ask, waybill } = yield* Effect.acquireUseRelease(
            pipe,
            (pipe) =>
              Effect.tap(watch, () =>
                Effect.sync(() => {
                  writeFileSync(`${folder}/../whole.json`, text)
                  renameSync(`${folder}/../whole.json`, file)
                  writeSync(pipe, text)
                }),
              ),
            (pipe) => Effect.sync(() => closeSync(pipe)),
          )
          yield* stage.hasLine("poll.finished")
          assert.notInclude((yield* ask("/readyz")).text, "being read")
          assert.strictEqual((yield* ask("/api/v1/dlq/evt-0")).status, 200)
          assert.strictEqual(yield* stopped(waybill), 0)
        })
      }),
    TEST_TIMEOUT,
  )
})
