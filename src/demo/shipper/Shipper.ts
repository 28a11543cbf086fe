/**
 * Filebeat as the Wazuh image runs it: follows alerts.json in order, ships bulks, remembers its place in a registry.
 */
import { Duration, Effect, type Scope } from "effect"
import type { AlertsFile } from "../manager/AlertsFile.ts"
import type { IndexTarget } from "./IndexTarget.ts"

export interface ShipperOptions {
  /** From one look at the file to the next (scan and flush); the real one takes up to 10 s. */
  readonly delay: Duration.Input
  /** Documents in one bulk request. */
  readonly bulkSize: number
  /** Keeps the whole file, so that a lost registry re-indexes everything; else it is emptied now and then. */
  readonly keepAlerts: boolean
}

export interface Shipper {
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** Forgets its place: everything in the file is indexed again, with new document ids. */
  readonly loseRegistry: Effect.Effect<void>
  readonly setDelay: (delay: Duration.Input) => Effect.Effect<void>
  /** Alerts handed to the index, those handed over twice counted twice. */
  readonly shipped: Effect.Effect<number>
  /** Dies with what ended it, should that ever happen. */
  readonly health: Effect.Effect<void>
  /** Bytes of the file that still wait. */
  readonly waiting: Effect.Effect<number>
}

const READ_BYTES = 1 << 20
const RETRY = Duration.millis(250)
/** A file that is shipped and longer than this is emptied, as the daily rotation would. */
const EMPTY_OVER_BYTES = 32 << 20

export const makeShipper = Effect.fnUntraced(function* (
  alerts: AlertsFile,
  target: IndexTarget,
  options: ShipperOptions,
): Effect.fn.Return<Shipper, never, Scope.Scope> {
  let delay = Duration.fromInputUnsafe(options.delay)
  let paused = false
  let offset = 0
  /** Tells a bulk under way that the registry was lost meanwhile. */
  let registry = 0
  let shipped = 0

  const ship = Effect.fnUntraced(function* (lines: ReadonlyArray<string>) {
    while (!(yield* target.index(lines))) yield* Effect.sleep(RETRY)
    shipped += lines.length
  })

  const shipChunk = Effect.fnUntraced(function* () {
    const before = registry
    const bytes = yield* alerts.read(offset, READ_BYTES)
    const lines = bytes
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "")
    for (let i = 0; i < lines.length; i += options.bulkSize) {
      yield* Effect.sleep(RETRY).pipe(
        Effect.when(Effect.succeed(paused)),
        Effect.repeat({ while: () => paused }),
      )
      if (registry !== before) return true
      yield* ship(lines.slice(i, i + options.bulkSize))
    }
    if (registry === before) offset += bytes.length
    return bytes.length > 0
  })

  const following = yield* Effect.forkScoped(
    Effect.gen(function* () {
      while (true) {
        yield* Effect.sleep(delay)
        if (paused) continue
        yield* shipChunk().pipe(Effect.repeat({ while: (more) => more && !paused }))
        if (options.keepAlerts || offset < EMPTY_OVER_BYTES) continue
        if (yield* alerts.emptyAt(offset)) offset = 0
      }
    }),
  )

  return {
    pause: Effect.sync(() => {
      paused = true
    }),
    resume: Effect.sync(() => {
      paused = false
    }),
    loseRegistry: Effect.sync(() => {
      registry += 1
      offset = 0
    }),
    setDelay: (next) =>
      Effect.sync(() => {
        delay = Duration.fromInputUnsafe(next)
      }),
    shipped: Effect.sync(() => shipped),
    health: Effect.suspend(() => following.pollUnsafe() ?? Effect.void),
    waiting: Effect.sync(() => alerts.size() - offset),
  }
})
