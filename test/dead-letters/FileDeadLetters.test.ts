import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import * as FileDeadLetters from "../../src/dead-letters/FileDeadLetters.ts"
import { letterFor, suite } from "../contracts/DeadLetters.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"
import { withTemporaryFolder } from "../support/temporaryFolder.ts"

const ROOMY = { maxFiles: 1000, maxBytes: 1_000_000 }

suite(
  "file",
  withTemporaryFolder((folder) => FileDeadLetters.layer({ folder: `${folder}/dlq`, ...ROOMY })),
)

const inFolder = <A, E>(
  steps: (
    folder: string,
    restart: <B, F>(step: Effect.Effect<B, F, DeadLetters>) => Effect.Effect<B, F>,
  ) => Effect.Effect<A, E, FileSystem.FileSystem>,
) => {
  const lines: Array<LogLine> = []
  return Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = `${yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" })}/dlq`
    yield* steps(folder, (step) =>
      step.pipe(
        Effect.provide(
          FileDeadLetters.layer({ folder, ...ROOMY }).pipe(Layer.provide(NodeServices.layer), Layer.orDie),
        ),
      ),
    )
    return lines
  }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, recordLogs(lines)]))
}

const put = (id: string) => Effect.flatMap(DeadLetters, (letters) => letters.put(letterFor(id)))
const has = (id: string) => Effect.map(DeadLetters, (letters) => letters.has(id))

describe("FileDeadLetters", () => {
  it.effect("writes the documented file, for its owner only", () =>
    inFolder((folder, restart) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* restart(put("a"))
        assert.deepStrictEqual(yield* fs.readDirectory(folder), ["failed_0_0.json"])
        assert.deepStrictEqual(JSON.parse(yield* fs.readFileString(`${folder}/failed_0_0.json`)), {
          timestamp: "1970-01-01T00:00:00.000Z",
          envelope: { ...letterFor("a").envelope, payload: JSON.stringify(letterFor("a").envelope.payload) },
          error: "ts: expected a number",
          reason: "normalization_failed",
          attempts: 1,
          last_attempt: "1970-01-01T00:00:00.000Z",
        })
        assert.strictEqual((yield* fs.stat(`${folder}/failed_0_0.json`)).mode & 0o777, 0o600)
        assert.strictEqual((yield* fs.stat(folder)).mode & 0o777, 0o700)
      }),
    ),
  )

  it.effect("goes on counting after a restart and still knows what waits", () =>
    inFolder((folder, restart) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* restart(Effect.andThen(put("a"), put("b")))
        yield* fs.remove(`${folder}/failed_0_0.json`)
        yield* restart(put("c"))
        assert.deepStrictEqual([...(yield* fs.readDirectory(folder))].sort(), [
          "failed_0_1.json",
          "failed_0_2.json",
        ])
        assert.deepStrictEqual(
          [yield* restart(has("a")), yield* restart(has("b")), yield* restart(has("c"))],
          [false, true, true],
        )
      }),
    ),
  )

  it.effect("names and leaves alone what is foreign or half-written", () =>
    Effect.gen(function* () {
      const lines = yield* inFolder((folder, restart) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          yield* restart(put("a"))
          yield* fs.writeFileString(`${folder}/notes.txt`, "mine")
          yield* fs.writeFileString(`${folder}/failed_0_7.json`, `{"timestamp":`)
          yield* restart(put("b"))
          assert.deepStrictEqual([...(yield* fs.readDirectory(folder))].sort(), [
            "failed_0_0.json",
            "failed_0_7.json",
            "failed_0_8.json",
            "notes.txt",
          ])
        }),
      )
      const skipped = lines
        .filter((line) => line.event === "dead_letter.skipped")
        .map((line) => line.fields.file)
      assert.deepStrictEqual(skipped.sort(), ["failed_0_7.json", "notes.txt"])
    }),
  )
})
