import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option, type PlatformError, Schema } from "effect"
import { DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import * as FileDeadLetters from "../../src/dead-letters/FileDeadLetters.ts"
import { fromText } from "../../src/domain/Envelope.ts"
import { letterFor, suite } from "../contracts/DeadLetters.ts"
import { type LogLine, recordLogs, withoutLogs } from "../support/logRecorder.ts"
import { withTemporaryFolder } from "../support/temporaryFolder.ts"

const ROOMY = { maxFiles: 1000, maxBytes: 1_000_000 }

suite(
  "file",
  withTemporaryFolder((folder) => FileDeadLetters.layer({ folder: `${folder}/dlq`, ...ROOMY })),
)

/** The folder of one test; each `restart` is a process of its own that works on it. */
const inFolder = <A, E>(
  steps: (
    folder: string,
    restart: <B, F>(
      step: Effect.Effect<B, F, DeadLetters>,
      limits?: Partial<typeof ROOMY>,
    ) => Effect.Effect<B, F>,
  ) => Effect.Effect<A, E, FileSystem.FileSystem>,
) => {
  const lines: Array<LogLine> = []
  return Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = `${yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" })}/dlq`
    yield* steps(folder, (step, limits) =>
      step.pipe(
        Effect.provide(
          FileDeadLetters.layer({ folder, ...ROOMY, ...limits }).pipe(
            Layer.provide(NodeServices.layer),
            Layer.orDie,
          ),
        ),
      ),
    )
    return lines
  }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, recordLogs(lines)]))
}

const put = (id: string) => Effect.flatMap(DeadLetters, (letters) => letters.put(letterFor(id)))
const has = (id: string) => Effect.map(DeadLetters, (letters) => letters.has(id))
const namesIn = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.map(fs.readDirectory(folder), (names) => [...names].sort()),
  )
const skippedIn = (lines: ReadonlyArray<LogLine>) =>
  lines
    .filter((line) => line.event === "dead_letter.skipped")
    .map((line) => String(line.fields.file))
    .sort()

describe("FileDeadLetters", () => {
  it.effect("writes files for their owner only, also when a letter fails again", () =>
    inFolder((folder, restart) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const modeOf = (path: string) => Effect.map(fs.stat(path), ({ mode }) => mode & 0o777)
        yield* restart(put("a"))
        assert.deepStrictEqual(yield* namesIn(folder), ["failed_0_0.json"])
        assert.strictEqual(yield* modeOf(`${folder}/failed_0_0.json`), 0o600)
        assert.strictEqual(yield* modeOf(folder), 0o700)
        yield* restart(
          Effect.flatMap(DeadLetters, (letters) =>
            letters.failedAgain("failed_0_0", { error: "again", reason: "storage_failed" }),
          ),
        )
        assert.strictEqual(yield* modeOf(`${folder}/failed_0_0.json`), 0o600)
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
        assert.deepStrictEqual(yield* namesIn(folder), ["failed_0_1.json", "failed_0_2.json"])
        assert.deepStrictEqual(
          [yield* restart(has("a")), yield* restart(has("b")), yield* restart(has("c"))],
          [false, true, true],
        )
      }),
    ),
  )

  it.effect("takes letters in the order of their numbers, whatever their names sort like", () =>
    inFolder((folder, restart) =>
      Effect.gen(function* () {
        const ids = Array.from({ length: 12 }, (_, n) => `event-${n}`)
        yield* restart(Effect.forEach(ids, put))
        const { letters } = yield* restart(Effect.flatMap(DeadLetters, (kept) => kept.list({ limit: 100 })))
        assert.deepStrictEqual(
          letters.map(({ file }) => file.envelope.id),
          ids,
        )
        assert.include((yield* namesIn(folder)).slice(0, 3), "failed_0_10.json")
      }),
    ),
  )

  it.effect("names and leaves alone what is foreign or half-written, and cleans up after a crash", () =>
    Effect.gen(function* () {
      const lines = yield* inFolder((folder, restart) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          yield* restart(put("a"))
          const whole = yield* fs.readFileString(`${folder}/failed_0_0.json`)
          const foreign = {
            "notes.txt": "mine",
            "failed_0_7.json": whole.slice(0, whole.length / 2),
            "failed_0_8.json": "{}",
            "failed_00_9.json": whole,
            "failed_1_9.json.old": whole,
            "failed_5_9.json": whole,
          }
          for (const [name, text] of Object.entries(foreign))
            yield* fs.writeFileString(`${folder}/${name}`, text)
          yield* fs.makeDirectory(`${folder}/failed_9_10.json`)
          for (const name of ["failed_0_6.json.tmp", "self_test.json", "self_test.json.tmp"])
            yield* fs.writeFileString(`${folder}/${name}`, "half")
          yield* restart(put("b"))
          assert.deepStrictEqual(
            yield* namesIn(folder),
            ["failed_0_0.json", "failed_0_11.json", "failed_9_10.json", ...Object.keys(foreign)].sort(),
          )
          assert.strictEqual((yield* restart(Effect.flatMap(DeadLetters, ({ stats }) => stats))).pending, 2)
        }),
      )
      assert.deepStrictEqual(
        [...new Set(skippedIn(lines))],
        [
          "failed_00_9.json",
          "failed_0_7.json",
          "failed_0_8.json",
          "failed_1_9.json.old",
          "failed_5_9.json",
          "failed_9_10.json",
          "notes.txt",
        ],
      )
    }),
  )

  it.effect("does without a letter that is removed or damaged while it runs", () =>
    Effect.gen(function* () {
      const lines = yield* inFolder((folder, restart) =>
        restart(
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const letters = yield* DeadLetters
            for (const id of ["a", "b", "c"]) yield* letters.put(letterFor(id))
            yield* fs.remove(`${folder}/failed_0_0.json`)
            yield* fs.writeFileString(`${folder}/failed_0_1.json`, "{")
            const page = yield* letters.list({ limit: 10 })
            assert.deepStrictEqual(
              page.letters.map(({ key }) => key),
              ["failed_0_2"],
            )
            assert.deepInclude(yield* letters.stats, { pending: 1 })
            assert.isTrue(Option.isNone(yield* letters.get("failed_0_1")))
          }).pipe(Effect.provide(NodeServices.layer)),
        ),
      )
      assert.deepStrictEqual(skippedIn(lines), ["failed_0_1.json"])
    }),
  )

  it.effect("refuses at its limits, says which, and goes on when there is room, also made by hand", () =>
    inFolder((folder, restart) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* restart(
          Effect.gen(function* () {
            yield* Effect.andThen(put("a"), put("b"))
            const { message } = yield* Effect.flip(put("c"))
            assert.include(message, "2 files of 2 (dlq.max_files)")
            assert.include(message, folder)
            yield* put("a")
            yield* (yield* DeadLetters).remove("failed_0_0")
            yield* put("c")
            yield* Effect.flip(put("d"))
            yield* fs.remove(`${folder}/failed_0_1.json`)
            yield* put("d")
          }),
          { maxFiles: 2 },
        )
        assert.strictEqual((yield* namesIn(folder)).length, 2)
        const { bytes } = yield* restart(Effect.flatMap(DeadLetters, ({ stats }) => stats))
        const { message } = yield* restart(Effect.flip(put("e")), { maxBytes: bytes + 10 })
        assert.include(message, `${bytes} bytes of ${bytes + 10} (dlq.max_bytes)`)
        yield* restart(put("e"), { maxBytes: bytes * 2 })
      }),
    ),
  )

  it.effect("only looks where only that is asked for", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = `${yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" })}/dlq`
      const looking = FileDeadLetters.layerLooking(folder)
      assert.isFalse(yield* Effect.provide(has("a"), looking))
      assert.isFalse(yield* fs.exists(folder))
      yield* Effect.provide(put("a"), FileDeadLetters.layer({ folder, ...ROOMY }))
      yield* fs.writeFileString(`${folder}/failed_0_1.json.tmp`, "being written by the run beside")
      const before = yield* namesIn(folder)
      assert.isTrue(yield* Effect.provide(has("a"), looking))
      const remove = Effect.flatMap(DeadLetters, (letters) => letters.remove("failed_0_0"))
      assert.include((yield* Effect.flip(Effect.provide(remove, looking))).message, "only looked at")
      assert.deepStrictEqual(yield* namesIn(folder), before)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), withoutLogs),
  )
})

describe("the self-test at the start", () => {
  /** The real file system, on which what was half-done stays, and so spoils every try in the same way. */
  const spoiled = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({ ...fs, remove: () => Effect.void })),
  ).pipe(Layer.provideMerge(NodeServices.layer))
  const start = (folder: string) =>
    Effect.flatMap(DeadLetters, ({ check }) => check).pipe(
      Effect.provide(FileDeadLetters.layer({ folder, ...ROOMY })),
    )
  /** `spoil` puts something in the way of the file that is written first. */
  const startIn = Effect.fnUntraced(function* (
    spoil: (fs: FileSystem.FileSystem, file: string) => Effect.Effect<void, PlatformError.PlatformError>,
    lines: Array<LogLine>,
  ) {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" })
    yield* spoil(fs, `${folder}/self_test.json.tmp`)
    return yield* start(folder).pipe(Effect.provide([spoiled, recordLogs(lines)]), Effect.flip)
  })

  it.effect("ends a start whose folder takes no files, and says what to do", () =>
    Effect.gen(function* () {
      const lines: Array<LogLine> = []
      const error = yield* startIn((fs, file) => fs.makeDirectory(file), lines)
      assert.include(error.message, "dlq.base_path")
      assert.include(error.message, "dlq.enabled: false")
      assert.deepStrictEqual(lines, [])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.effect("lets a start with a full disk go on, says so, and goes on being true", () =>
    Effect.gen(function* () {
      const lines: Array<LogLine> = []
      const error = yield* startIn((fs, file) => fs.symlink("/dev/full", file), lines)
      assert.include(error.message, "the disk is full")
      assert.deepStrictEqual(
        lines.map(({ event, level }) => [event, level]),
        [["dead_letter.failed", "Error"]],
      )
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.effect("ends a start where the folder can't be made", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" })}/dlq`
      yield* fs.writeFileString(file, "in the way")
      const { message } = yield* Effect.flip(start(file))
      assert.include(message, file)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), withoutLogs),
  )
})

describe("hostile envelopes", () => {
  const hostileText = Schema.Union([
    Schema.Literals([
      "../../../etc/passwd",
      "failed_0_0",
      "failed_1_1.json",
      "a/b\\c",
      "\u0000",
      "..",
      "\ud800",
      "x".repeat(5000),
    ]),
    Schema.NonEmptyString,
  ])
  it.effect.prop(
    "neither make the name of a file nor come back changed",
    { id: hostileText, source: hostileText, error: Schema.String, payload: Schema.Unknown },
    ({ error, id, payload, source }) =>
      inFolder((folder, restart) =>
        restart(
          Effect.gen(function* () {
            const letters = yield* DeadLetters
            const { envelope } = letterFor("a")
            const json = JSON.parse(JSON.stringify(payload ?? null) ?? "null")
            yield* letters.put({
              ...letterFor("a"),
              error,
              envelope: { ...envelope, id, source, payload: json },
            })
            assert.deepStrictEqual(yield* namesIn(folder), ["failed_0_0.json"])
            assert.strictEqual(letters.find(id), "failed_0_0")
            const { file } = Option.getOrThrow(yield* letters.get("failed_0_0"))
            assert.strictEqual(file.envelope.id, id)
            assert.strictEqual(file.envelope.source, source)
            assert.strictEqual(file.error, error)
            assert.deepStrictEqual(
              Option.getOrThrow(Option.getSuccess(fromText(file.envelope))).payload,
              json,
            )
            assert.isTrue(yield* letters.remove("failed_0_0"))
          }).pipe(Effect.provide(NodeServices.layer)),
        ),
      ),
    { arbitrary: { runs: 100 } },
  )

  it.effect("are kept however deep they nest", () =>
    inFolder((_, restart) =>
      restart(
        Effect.gen(function* () {
          const letters = yield* DeadLetters
          const { envelope } = letterFor("deep")
          const text = `${'{"a":['.repeat(20_000)}"\\u0000"${"]}".repeat(20_000)}`
          yield* letters.put({ ...letterFor("deep"), envelope: { ...envelope, payload: JSON.parse(text) } })
          const { file } = Option.getOrThrow(yield* letters.get("failed_0_0"))
          assert.strictEqual(file.envelope.payload, text)
        }),
      ),
    ),
  )
})
