/**
 * A disk that is really full, and one that is really read-only: small file systems of the test's own, which root may
 * mount. The feed holds and says so, nothing half-written is left, and what comes after is as if nothing had been.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer, Schema } from "effect"
import { DeadLetterFile } from "../../src/dead-letters/DeadLetters.ts"
import { Checkpoint } from "../../src/domain/Checkpoint.ts"
import { type Push, Spool } from "../../src/sources/hec/Spool.ts"
import * as RunStatus from "../../src/status/RunStatus.ts"
import { spoolIn, temporaryFolder } from "../sources/hec/collector.ts"
import { type LogLine, recordLogs } from "../support/logRecorder.ts"
import { onStage, type Stage, stopped, TEST_TIMEOUT } from "./world.ts"

const run = (command: string, ...options: ReadonlyArray<string>) =>
  Effect.sync(() => execFileSync(command, options, { stdio: "pipe" }))

/** Why there can be no file system of our own here; undefined where there can. */
const whyNoMount = (): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-mount-"))
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "waybill-tests", folder], { stdio: "pipe" })
    execFileSync("umount", [folder], { stdio: "pipe" })
    return undefined
  } catch {
    return "this user may not mount a file system"
  } finally {
    rmdirSync(folder)
  }
}

/** An empty disk of 2 MB at `folder`, until the scope closes. */
const smallDisk = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(folder, { recursive: true })
  yield* Effect.acquireRelease(
    run("mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "waybill-tests", folder),
    // Lazily: Waybill, which ends in the same scope, may still have it open.
    () => run("umount", "-l", folder),
  )
  const filler = join(folder, "filler")
  return {
    /** Until the kernel says ENOSPC. */
    fill: Effect.flip(fs.writeFile(filler, new Uint8Array(1 << 22))),
    free: fs.remove(filler),
    readOnly: run("mount", "-o", "remount,ro", folder),
    writable: run("mount", "-o", "remount,rw", folder),
    names: fs.readDirectory(folder),
  }
})

const decodeCheckpoint = Schema.decodeUnknownEffect(Schema.fromJsonString(Checkpoint))
const decodeLetter = Schema.decodeUnknownEffect(Schema.fromJsonString(DeadLetterFile))

const searchable = (stage: Stage, atLeast: number) =>
  stage.until(
    `${atLeast} are searchable`,
    Effect.map(stage.equation, (equation) => equation.searchable >= atLeast),
  )

const push = (text: string): Push => ({
  sender: "main",
  receivedAt: 1_771_787_584_123,
  defaults: { sourcetype: "nginx" },
  chunks: [{ kind: "raw", count: 1, text, ownId: undefined, replayed: false }],
  channel: undefined,
})

const tests = () => {
  it.live(
    "the spool: it says so once, is full as long as the disk is, and finds out by itself when there is space",
    () => {
      const lines: Array<LogLine> = []
      const said = (event: string) => lines.filter((line) => line.event === event).length
      return Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const disk = yield* smallDisk(folder)
        const built = yield* Layer.build(Layer.provideMerge(spoolIn(folder), RunStatus.layer))
        const spool = Context.get(built, Spool)
        const holds = Effect.map(Context.get(built, RunStatus.RunStatus).snapshot, ({ holds }) => [
          ...holds.keys(),
        ])
        yield* spool.append(push("first"))
        yield* disk.fill
        yield* Effect.flip(spool.append(push("x".repeat(10_000))))
        // It looks each second.
        yield* Effect.sleep("2500 millis")
        assert.isTrue(spool.isFull())
        assert.deepStrictEqual(yield* holds, ["spool"])
        assert.deepStrictEqual([said("hec.spool_failed"), said("hec.spool_recovered")], [1, 0])
        yield* disk.free
        yield* Effect.sleep("100 millis").pipe(
          Effect.repeat({ while: () => spool.isFull() }),
          Effect.timeout("30 seconds"),
        )
        assert.deepStrictEqual([said("hec.spool_failed"), said("hec.spool_recovered")], [1, 1])
        yield* spool.append(push("second"))
        assert.deepStrictEqual(yield* holds, [])
        assert.lengthOf(yield* spool.read("main", 0, 10), 2)
      }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, recordLogs(lines)]))
    },
  )

  it.live(
    "the state: the checkpoint stays what it was, and moves on when there is space again",
    () =>
      onStage({ flows: { count: 1500, span: "30 hours" }, manager: { serviceRate: 250 } }, (stage) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const disk = yield* smallDisk(stage.stateFolder)
          const file = stage.checkpointFile("flows")
          const waybill = yield* stage.start

          yield* searchable(stage, 100)
          yield* stage.hasLine("checkpoint.committed")
          yield* disk.fill
          yield* stage.nextLine("checkpoint.commit_failed", ({ message }) => message.includes("ENOSPC"), 2)
          const before = yield* fs.readFileString(file)
          yield* Effect.sleep("1500 millis")
          assert.strictEqual(yield* fs.readFileString(file), before)
          yield* decodeCheckpoint(before)
          // One is there for the moment of each try.
          yield* stage.until(
            "no half-written file is left",
            Effect.map(disk.names, (names) => names.every((name) => !name.endsWith(".tmp"))),
          )
          yield* disk.free
          yield* stage.arrived
          assert.strictEqual(yield* stage.countLines("receipts.failed"), 1)
          yield* stage.nextLine("poll.finished")
          assert.strictEqual(yield* stage.copies, 1500)
          assert.strictEqual(yield* stopped(waybill), 0)
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "the dead letters, full and then read-only: no feed passes one that can't be kept, and it is kept in the end",
    () =>
      onStage(
        {
          flows: { count: 120, span: "20 hours" },
          set: { "verify.max_attempts": 2, "source.firewalla.feeds.flows.slice": "40 hours" },
        },
        (stage) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const folder = join(stage.world.folder, "dlq")
            const disk = yield* smallDisk(folder)
            yield* disk.fill
            yield* stage.indexer.refuseByMapping(1 / 10)
            const waybill = yield* stage.start
            yield* stage.nextLine("dead_letter.failed", ({ message }) => message.includes("disk is full"), 2)
            yield* disk.readOnly
            yield* stage.nextLine("dead_letter.failed", ({ message }) => message.includes("EROFS"), 2)
            yield* disk.writable
            assert.deepStrictEqual(yield* disk.names, ["filler"])
            assert.deepStrictEqual(stage.checkpoints, [])
            yield* disk.free
            yield* stage.arrived
            yield* stage.nextLine("poll.finished")
            assert.strictEqual(yield* stopped(waybill), 0)
            yield* stage.assertEquation
            const names = yield* disk.names
            assert.isAbove(names.length, 4)
            yield* Effect.forEach(names, (name) =>
              Effect.flatMap(fs.readFileString(join(folder, name)), decodeLetter),
            )
            assert.strictEqual((yield* stage.equation).dead, names.length)
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a start on a disk that is read-only ends; on one that is full it works, and a second one goes on from there",
    () =>
      onStage({ flows: { count: 200, span: "20 hours" } }, (stage) =>
        Effect.gen(function* () {
          const disk = yield* smallDisk(stage.stateFolder)
          yield* disk.readOnly
          const refused = yield* stage.start
          assert.strictEqual(yield* refused.exitCode, 1)
          yield* stage.hasLine("run.failed", (line) => JSON.stringify(line).includes("EROFS"))
          yield* disk.writable
          yield* disk.fill
          const first = yield* stage.start
          yield* stage.nextLine("checkpoint.commit_failed", ({ message }) => message.includes("ENOSPC"), 2)
          assert.deepStrictEqual(stage.checkpoints, [])
          yield* first.kill
          yield* first.exitCode
          const second = yield* stage.start
          yield* stage.nextLine("checkpoint.commit_failed", ({ message }) => message.includes("ENOSPC"), 1)
          yield* disk.free
          yield* stage.arrived
          yield* stage.nextLine("poll.finished")
          assert.strictEqual(yield* stage.copies, 200)
          assert.strictEqual(yield* stopped(second), 0)
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )
}

const why = whyNoMount()
if (why === undefined) describe("a disk that takes nothing", tests)
else
  describe.skip(`a disk that takes nothing (skipped: ${why})`, () => {
    it("needs a file system of its own", () => undefined)
  })
