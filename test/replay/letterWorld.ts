/** A simulated world with letters in its folder of dead letters, made of records that the simulated source might have. */
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer } from "effect"
import { type DeadLetter, DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import * as FileDeadLetters from "../../src/dead-letters/FileDeadLetters.ts"
import { flowAt } from "../../src/demo/msp/records.ts"
import type { World, WorldOptions } from "../../src/demo/World.ts"
import { FLOW } from "../../src/normalizers/firewalla/registrations.ts"
import { quickWorld } from "../reconcile/command.ts"
import { withoutLogs } from "../support/logRecorder.ts"

/** No flow of the world's own has such a number. */
const FIRST = 900_000

export const idOf = (n: number): string => `letter-${n}`

export const letterAt = (n: number, ts?: string): DeadLetter => ({
  envelope: {
    id: idOf(n),
    source: n % 2 === 0 ? "firewalla-msp" : "other",
    source_type: FLOW,
    format: "json",
    payload: { ...flowAt(1, FIRST + n, Date.now() - n * 1000), ...(ts === undefined ? {} : { ts }) },
    attributes: {},
    received_at: "2026-02-22T19:13:04.123Z",
  },
  reason: ts === undefined ? "storage_failed" : "normalization_failed",
  error: ts === undefined ? "the manager refused it" : "ts: expected a number",
  attempts: 1,
})

export const folderOf = (world: World): string => `${world.folder}/dlq`

const inFolder = <A, E>(world: World, work: Effect.Effect<A, E, DeadLetters>) =>
  work.pipe(
    Effect.provide(
      FileDeadLetters.layer({ folder: folderOf(world), maxFiles: 10_000, maxBytes: 100_000_000 }).pipe(
        Layer.provide(NodeServices.layer),
      ),
    ),
    withoutLogs,
  )

export const letterWorld = Effect.fnUntraced(function* (
  letters: ReadonlyArray<DeadLetter>,
  options: WorldOptions = {},
  set: Readonly<Record<string, string | number | boolean>> = {},
) {
  const { configFile, world } = yield* quickWorld({ flows: { count: 20, span: "1 hour" }, ...options }, set)
  const put = inFolder(
    world,
    Effect.flatMap(DeadLetters, (kept) => Effect.forEach(letters, kept.put, { discard: true })),
  )
  yield* put
  return {
    world,
    configFile,
    /** Copies of each letter's event. */
    indexed: Effect.sync(() => {
      const copies = new Map<string, number>()
      for (const id of world.indexer?.store.columns.eventId ?? [])
        if (id.startsWith("letter-")) copies.set(id, (copies.get(id) ?? 0) + 1)
      return copies
    }),
    /** The letters' files, parsed, in order. */
    files: Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const names = (yield* fs.readDirectory(folderOf(world))).toSorted(
        (a, b) => Number(a.split("_")[2]?.split(".")[0]) - Number(b.split("_")[2]?.split(".")[0]),
      )
      return yield* Effect.forEach(
        names,
        Effect.fnUntraced(function* (name) {
          const path = `${folderOf(world)}/${name}`
          return { path, content: JSON.parse(yield* fs.readFileString(path)) }
        }),
      )
    }),
  }
})
