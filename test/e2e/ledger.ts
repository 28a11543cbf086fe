/** Holds every run of a stage to its ledger. A stage has it from its making, so that no story can forget it. */
import assert from "node:assert"
import { Effect, Exit, FileSystem } from "effect"
import { unaccountedIn } from "../../src/demo/ledgerInLog.ts"

/** Fails a story that went well if a poll of its runs, all in this log, has records that nobody can account for. */
export const holdToLedger = Effect.fnUntraced(function* (logFile: string) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.addFinalizer((exit) =>
    Exit.isFailure(exit)
      ? Effect.void
      : fs.readFileString(logFile).pipe(
          Effect.orElseSucceed(() => ""),
          Effect.map((log) => assert.deepStrictEqual(unaccountedIn(log), [])),
        ),
  )
})
