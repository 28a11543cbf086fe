import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, FileSystem, Layer, Option, Path, Runtime, Scope, Stream } from "effect"
import { ChildProcess } from "effect/process"
import * as StateLock from "../../src/state-lock/StateLock.ts"

const options = (folder: string, command = "waybill run") => ({ folder, command, advice: "Stop it first." })

/** Takes the lock; the answer lets go of it. */
const take = Effect.fnUntraced(function* (folder: string, command?: string) {
  const scope = yield* Scope.make()
  yield* Layer.buildWithScope(StateLock.layer(options(folder, command)), scope)
  return Scope.close(scope, Exit.void)
})

const temporaryFolder = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "waybill-" }),
)

describe("StateLock", () => {
  it.live("lets one in at a time, tells the other who it is, and lets it in afterwards", () =>
    Effect.gen(function* () {
      const path = yield* Path.Path
      const folder = path.join(yield* temporaryFolder, "state")
      const letGo = yield* take(folder, "waybill reconcile")
      const refused = yield* Effect.flip(take(folder))
      assert.strictEqual(refused._tag, "StateLocked")
      assert.strictEqual(refused[Runtime.errorExitCode], 1)
      assert.include(refused.message, `\`waybill reconcile\` (process ${process.pid} on `)
      assert.include(refused.message, folder)
      assert.include(refused.message, "Stop it first.")
      yield* letGo
      yield* yield* take(folder)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.live("does not take the one before for the holder, when the holder has not written its name", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folder = yield* temporaryFolder
      yield* yield* take(folder)
      const file = path.join(folder, StateLock.LOCK_FILE)
      assert.strictEqual(yield* fs.readFileString(file), "")
      yield* take(folder)
      yield* fs.writeFileString(file, "not a name")
      const refused = yield* Effect.flip(take(folder))
      assert.isTrue(refused._tag === "StateLocked" && Option.isNone(refused.holder))
      assert.include(refused.message, "another Waybill")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.live("is free as soon as the process that had it is gone, even by SIGKILL", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folder = yield* temporaryFolder
      const holder = yield* ChildProcess.make(process.execPath, ["test/state-lock/holder.ts", folder], {
        stdin: "ignore",
      })
      yield* holder.stdout.pipe(Stream.take(1), Stream.runDrain)
      const refused = yield* Effect.flip(take(folder))
      assert.include(refused.message, `process ${holder.pid} `)
      yield* holder.kill({ killSignal: "SIGKILL" }).pipe(Effect.ignore)
      yield* yield* take(folder)
      assert.deepStrictEqual(yield* fs.readDirectory(folder), [StateLock.LOCK_FILE])
      assert.strictEqual(yield* fs.readFileString(path.join(folder, StateLock.LOCK_FILE)), "")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.live("says what to check where the folder can't be made", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const file = path.join(yield* temporaryFolder, "file")
      yield* fs.writeFileString(file, "")
      const refused = yield* Effect.flip(take(path.join(file, "state")))
      assert.strictEqual(refused._tag, "StateLockError")
      assert.include(refused.message, "state.path")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
