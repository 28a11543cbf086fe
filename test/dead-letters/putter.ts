/** A process that puts one letter after the other, and says the id of each that is kept, until it is killed. */
import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import * as FileDeadLetters from "../../src/dead-letters/FileDeadLetters.ts"
import { letterFor } from "../contracts/DeadLetters.ts"

const [, , folder = "", prefix = ""] = process.argv
let n = 0
const next = Effect.gen(function* () {
  const id = `${prefix}-${n++}`
  const letters = yield* DeadLetters
  yield* letters.put(letterFor(id))
  const key = letters.find(id) ?? ""
  yield* letters.failedAgain(key, { error: "x".repeat(20_000), reason: "storage_failed" })
  yield* Console.error(id)
})
Effect.runFork(
  Effect.forever(next).pipe(
    Effect.provide(
      FileDeadLetters.layer({ folder, maxFiles: 100_000, maxBytes: 1e9 }).pipe(
        Layer.provide(NodeServices.layer),
      ),
    ),
  ),
)
