import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Option, Path } from "effect"
import { noCounts } from "../../src/reconcile/Counts.ts"
import { fileNameOf, progressFile } from "../../src/reconcile/Progress.ts"

const FEED = "firewalla-msp/flows"
const WINDOW = { from: Date.parse("2026-02-21T19:00:00Z"), to: Date.parse("2026-02-22T19:00:00Z") }
const progress = {
  version: 1,
  feed: FEED,
  ...WINDOW,
  up_to: WINDOW.from + 1000,
  counts: { ...noCounts, atSource: 7, missing: 7 },
  reread: 2,
} as const

const inFolder = <A, E>(steps: (state: string) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "waybill-" }), steps),
  ).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("progressFile", () => {
  it.live("is found by the next process that works on the same window, and by no other", () =>
    inFolder((state) =>
      Effect.gen(function* () {
        yield* (yield* progressFile(state, FEED, WINDOW)).save(progress)
        const again = yield* progressFile(state, FEED, WINDOW)
        assert.deepStrictEqual(yield* again.load, Option.some(progress))
        const other = yield* progressFile(state, FEED, { ...WINDOW, to: WINDOW.to + 1000 })
        assert.isTrue(Option.isNone(yield* other.load))
        yield* again.remove
        assert.isTrue(Option.isNone(yield* again.load))
      }),
    ),
  )

  it.live("begins anew where the file is damaged, and goes on where none can be written", () =>
    inFolder((state) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const file = yield* progressFile(state, FEED, WINDOW)
        yield* file.save(progress)
        const name = path.join(state, "reconcile", fileNameOf(FEED, WINDOW))
        assert.include(name, "firewalla-msp.flows-20260221T190000Z-20260222T190000Z.json")
        yield* fs.writeFileString(name, '{"version":1,')
        assert.isTrue(Option.isNone(yield* file.load))
        yield* (yield* progressFile(name, FEED, WINDOW)).save(progress)
      }),
    ),
  )
})
