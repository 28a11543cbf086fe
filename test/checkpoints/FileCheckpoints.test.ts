import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option } from "effect"
import { Checkpoints } from "../../src/checkpoints/Checkpoints.ts"
import * as FileCheckpoints from "../../src/checkpoints/FileCheckpoints.ts"
import { checkpointAt, suite } from "../contracts/Checkpoints.ts"
import { eventsOf, type LogLine, recordLogs } from "../support/logRecorder.ts"
import { withTemporaryFolder } from "../support/temporaryFolder.ts"

suite("file", withTemporaryFolder(FileCheckpoints.layer))

const feed = "firewalla-msp/flows"

/** Runs each step as a process of its own would: with a fresh service over the same folder. */
const inFolder = <A, E>(
  steps: (
    folder: string,
    restart: <B, F>(step: Effect.Effect<B, F, Checkpoints>) => Effect.Effect<B, F>,
  ) => Effect.Effect<A, E, FileSystem.FileSystem>,
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" })
    return yield* steps(folder, (step) =>
      step.pipe(
        Effect.provide(FileCheckpoints.layer(folder).pipe(Layer.provide(NodeServices.layer), Layer.orDie)),
      ),
    )
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const load = Effect.flatMap(Checkpoints, (checkpoints) => checkpoints.load(feed))
const commitAt = (upTo: number) =>
  Effect.flatMap(Checkpoints, (checkpoints) => checkpoints.commit(checkpointAt(feed, upTo)))

describe("FileCheckpoints", () => {
  it.effect("survives the process", () =>
    inFolder((_, restart) =>
      Effect.gen(function* () {
        yield* restart(commitAt(5))
        assert.deepStrictEqual(yield* restart(load), Option.some(checkpointAt(feed, 5)))
      }),
    ),
  )

  it.effect("goes on from the one before when the file is cut in half, and says so", () => {
    const lines: Array<LogLine> = []
    return inFolder((folder, restart) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* restart(Effect.andThen(commitAt(5), commitAt(6)))
        const file = `${folder}/firewalla-msp.flows.json`
        const text = yield* fs.readFileString(file)
        yield* fs.writeFileString(file, text.slice(0, text.length / 2))

        assert.deepStrictEqual(yield* restart(load), Option.some(checkpointAt(feed, 5)))
        assert.deepStrictEqual(eventsOf(lines), ["checkpoint.recovered"])

        // The damaged one must not take the place of the good one when the feed goes on.
        yield* restart(commitAt(7))
        assert.include(yield* fs.readFileString(`${file}.previous`), `"up_to":5`)
        assert.deepStrictEqual(yield* restart(load), Option.some(checkpointAt(feed, 7)))
      }),
    ).pipe(Effect.provide(recordLogs(lines)))
  })

  it.effect("goes on from the one before when a crash came between the two renames", () =>
    inFolder((folder, restart) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* restart(commitAt(5))
        const file = `${folder}/firewalla-msp.flows.json`
        yield* fs.rename(file, `${file}.previous`)
        assert.deepStrictEqual(yield* restart(load), Option.some(checkpointAt(feed, 5)))
      }),
    ).pipe(Effect.provide(recordLogs([]))),
  )

  it.effect("refuses to start afresh when nothing readable is left", () =>
    inFolder((folder, restart) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* fs.writeFileString(`${folder}/firewalla-msp.flows.json`, "{")
        const error = yield* Effect.flip(restart(load))
        assert.strictEqual(error.operation, "load")
        assert.include(error.message, "firewalla-msp.flows.json")
        assert.include(error.message, "backup")
      }),
    ),
  )

  it.effect("leaves the checkpoint as it was when a commit fails", () =>
    inFolder((folder, restart) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* restart(commitAt(5))
        // A folder where the temporary file belongs makes the write fail, as a full disk would.
        yield* fs.makeDirectory(`${folder}/firewalla-msp.flows.json.tmp`)
        const error = yield* Effect.flip(restart(commitAt(6)))
        assert.strictEqual(error.operation, "commit")
        assert.include(error.message, "state.path")
        assert.deepStrictEqual(yield* restart(load), Option.some(checkpointAt(feed, 5)))
      }),
    ),
  )

  it.effect("is readable by its owner only", () =>
    inFolder((folder, restart) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* restart(commitAt(5))
        const info = yield* fs.stat(`${folder}/firewalla-msp.flows.json`)
        assert.strictEqual(info.mode & 0o777, 0o600)
      }),
    ),
  )
})
