import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Result, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { isLeftover, keyOfFile } from "../../src/dead-letters/keys.ts"
import { readLetter } from "../../src/dead-letters/letterText.ts"

/** Kills a putter once it has kept so many letters, and answers the ids of those it said it kept. */
const killed = Effect.fnUntraced(function* (folder: string, prefix: string, after: number) {
  const child = yield* ChildProcess.make(process.execPath, ["test/dead-letters/putter.ts", folder, prefix], {
    stdin: "ignore",
  })
  const ids: Array<string> = []
  const reading = yield* Stream.decodeText(child.stderr).pipe(
    Stream.splitLines,
    Stream.tap((id) =>
      ids.push(id) === after ? Effect.ignore(child.kill({ killSignal: "SIGKILL" })) : Effect.void,
    ),
    Stream.runDrain,
    Effect.forkChild,
  )
  yield* Effect.exit(child.exitCode)
  yield* Fiber.join(reading)
  return ids
})

describe("dead letters and SIGKILL", () => {
  it.live(
    "what was kept is whole and there, whenever it was killed, and the numbers go on",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const folder = `${yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" })}/dlq`
        const kept: Array<string> = []
        for (let round = 0; round < 6; round++)
          kept.push(...(yield* killed(folder, `round-${round}`, 1 + round * 7)))

        const names = yield* fs.readDirectory(folder)
        const keys = names.flatMap((name) => keyOfFile(name) ?? [])
        assert.strictEqual(new Set(keys.map(({ n }) => n)).size, keys.length)
        assert.isAtMost(names.filter(isLeftover).length, 1)
        const ids = new Map<string, number>()
        for (const name of names.filter((one) => !isLeftover(one))) {
          const letter = Result.getOrThrow(readLetter(yield* fs.readFileString(`${folder}/${name}`)))
          ids.set(letter.envelope.id, letter.attempts)
        }
        assert.deepStrictEqual(
          kept.filter((id) => ids.get(id) !== 2),
          [],
        )
        // At most the one that it was at when it was killed.
        assert.isAtMost(ids.size - kept.length, 6)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000,
  )
})
