/**
 * What a dead letter costs: to write one, beside the bare write, fsync and rename of the same bytes on the same disk; a
 * page of 100 out of 100,000; and the start with so many.
 */
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { performance } from "node:perf_hooks"
import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, Logger, type Scope } from "effect"
import { type DeadLetter, DeadLetters } from "../src/dead-letters/DeadLetters.ts"
import * as FileDeadLetters from "../src/dead-letters/FileDeadLetters.ts"
import { flowAt } from "../src/demo/msp/records.ts"
import type { Bench } from "./Bench.ts"
import { quantile } from "./delivery.ts"

const WRITES = 3_000
const WAITING = 100_000
const PAGE = 100
const PAGES = 200
const MOST = { write_median_ms: 1, write_p99_ms: 5, page_p99_ms: 50 }

const letterAt = (n: number): DeadLetter => ({
  envelope: {
    id: n.toString(16).padStart(40, "0"),
    source: n % 2 === 0 ? "firewalla-msp" : "hec",
    source_type: "firewalla:flow",
    format: "json",
    payload: flowAt(1, n, 1_771_787_584_000 + n),
    attributes: {},
    received_at: "2026-02-22T19:13:04.123Z",
  },
  reason: n % 50 === 0 ? "validation_failed" : "normalization_failed",
  error: "ts: expected a number",
  attempts: 1,
})

const fileText = (n: number): string => {
  const { attempts, envelope, error, reason } = letterAt(n)
  const time = envelope.received_at
  const payload = JSON.stringify(envelope.payload)
  return `${JSON.stringify({ timestamp: time, envelope: { ...envelope, payload }, error, reason, attempts, last_attempt: time })}\n`
}

const sorted = (times: Array<number>) => times.sort((a, b) => a - b)
const figuresOf = (name: string, times: ReadonlyArray<number>) => ({
  [`${name}_median_ms`]: quantile(times, 0.5),
  [`${name}_p99_ms`]: quantile(times, 0.99),
})

const timed = Effect.fnUntraced(function* <A, E, R>(times: Array<number>, work: Effect.Effect<A, E, R>) {
  const begun = performance.now()
  const result = yield* work
  times.push(performance.now() - begun)
  return result
})

/** The least that a file which survives a crash costs here: as synchronous as it gets, without Effect. */
const bareWrite = (folder: string, n: number, text: string, times: Array<number>): void => {
  const begun = performance.now()
  const file = path.join(folder, `bare_${n}.json`)
  const fd = openSync(`${file}.tmp`, "w", 0o600)
  writeSync(fd, text)
  fsyncSync(fd)
  closeSync(fd)
  renameSync(`${file}.tmp`, file)
  const directory = openSync(folder, "r")
  fsyncSync(directory)
  closeSync(directory)
  times.push(performance.now() - begun)
}

const lettersIn = (folder: string) =>
  FileDeadLetters.layer({ folder, maxFiles: 1_000_000, maxBytes: 1e12 }).pipe(
    Layer.provide(NodeServices.layer),
    Layer.provideMerge(Logger.layer([])),
  )

/** Both kinds of write by turns, so that a disk that others use is as slow for the one as for the other. */
const measureWrites = (folder: string) =>
  Effect.gen(function* () {
    const letters = yield* DeadLetters
    const ours: Array<number> = []
    const bare: Array<number> = []
    const bareFolder = mkdtempSync(path.join(folder, "..", "bare-"))
    for (let n = 0; n < WRITES; n++) {
      yield* timed(ours, letters.put(letterAt(n)))
      bareWrite(bareFolder, n, fileText(n), bare)
    }
    return { ours: sorted(ours), bare: sorted(bare) }
  }).pipe(Effect.provide(lettersIn(folder)))

const walkPages = Effect.fnUntraced(function* (filter: { readonly reason?: "validation_failed" }) {
  const { list } = yield* DeadLetters
  const times: Array<number> = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES; page++) {
    const { next } = yield* timed(times, list({ ...filter, limit: PAGE, cursor }))
    // Also pages far behind: each next one is 5 pages further.
    cursor = next
    if (next === undefined) cursor = undefined
  }
  return sorted(times)
})

const heapUsed = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const measurePages = (folder: string, say: (line: string) => void) =>
  Effect.gen(function* () {
    const before = heapUsed()
    const begun = performance.now()
    const scope: Scope.Scope = yield* Effect.scope
    const context = yield* Layer.buildWithScope(lettersIn(folder), scope)
    const start = (performance.now() - begun) / 1000
    const bytesEach = (heapUsed() - before) / WAITING
    say(`started with ${WAITING.toLocaleString("en")} letters in ${start.toFixed(1)} s`)
    const pages = yield* Effect.provide(walkPages({}), context)
    const filtered = yield* Effect.provide(walkPages({ reason: "validation_failed" }), context)
    const purging: Array<number> = []
    const purge = Effect.flatMap(DeadLetters, (letters) => letters.purge({}))
    yield* Effect.provide(timed(purging, purge), context)
    return { start, bytesEach, pages, filtered, purge: (purging[0] ?? 0) / 1000 }
  }).pipe(Effect.scoped)

export const bench: Bench = {
  name: "dlq",
  about: `a dead letter written, and a page of ${PAGE} out of ${WAITING.toLocaleString("en")}`,
  run: async (say) => {
    const folder = mkdtempSync(path.join(process.env.BENCH_FOLDER || tmpdir(), "waybill-bench-"))
    try {
      const { bare, ours } = await Effect.runPromise(measureWrites(path.join(folder, "written")))
      say(`${WRITES.toLocaleString("en")} letters and as many bare files written by turns`)
      const waiting = path.join(folder, "waiting")
      await Effect.runPromise(Effect.provide(Effect.void, lettersIn(waiting)))
      for (let n = 0; n < WAITING; n++)
        writeFileSync(path.join(waiting, `failed_1771787584_${n}.json`), fileText(n), { mode: 0o600 })
      const { bytesEach, filtered, pages, purge, start } = await Effect.runPromise(measurePages(waiting, say))
      const written = figuresOf("write", ours)
      const paged = figuresOf("page", pages)
      return {
        passed:
          quantile(ours, 0.5) <= MOST.write_median_ms &&
          quantile(ours, 0.99) <= MOST.write_p99_ms &&
          quantile(pages, 0.99) <= MOST.page_p99_ms &&
          quantile(filtered, 0.99) <= MOST.page_p99_ms,
        unit: "ms",
        figures: {
          ...written,
          ...figuresOf("bare_write_fsync_rename", bare),
          ...paged,
          page_most_ms: pages.at(-1) ?? Number.NaN,
          ...figuresOf("page_by_reason", filtered),
          start_seconds: start,
          index_bytes_each: globalThis.gc === undefined ? "run node with --expose-gc" : Math.round(bytesEach),
          purge_seconds: purge,
          file_bytes: Buffer.byteLength(fileText(1)),
        },
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
