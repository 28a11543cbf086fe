/** How far the proof about each write has come, and what it still needs. Pure. */
import type { Waiting } from "./Outstanding.ts"

/**
 * Two clocks: how long something took is measured on the monotonic one, and which write came after which is told by
 * the wall clock (a write's own times) and by the order of registering, both of which must say so.
 *
 * A wall clock that jumps forward changes neither a duration nor an order. One that jumps back is compared against
 * the highest time ever seen, so that nothing counts as later until it has passed that again: slower, not wrong.
 */
export interface Progress {
  /** A write that began after this wall time, and was registered later, came after this one. */
  readonly laterThan: number
  /** Monotonic milliseconds of registering. */
  readonly addedAt: number
  /** Monotonic: when something written later was first seen to have arrived. */
  passedAt: number | undefined
  /** The end of the grace after that. What is written from then on is a witness: `number` and wall time both above. */
  settled: { readonly number: number; readonly startedAt: number; readonly at: number } | undefined
  /** Monotonic: since when witnesses cover every shard of an index that may be the wrong one. */
  coveredAt: number | undefined
  /** Events written just after this write that have arrived. */
  neighbours: number
}

/** Something that was written, as far as it matters for the order. */
export interface Later {
  readonly number: number
  readonly startedAt: number
}

export const isWitness = ({ settled }: Progress, later: Later): boolean =>
  settled !== undefined && later.number > settled.number && later.startedAt > settled.startedAt

/** A registered write, with what is needed to know whether it is evidence enough for another. */
export interface Registered extends Later {
  readonly ids: number
  /** Monotonic milliseconds. */
  readonly at: number
}

export interface Need {
  /** Monotonic milliseconds. */
  readonly now: number
  /** How long a canary may be out before another one follows it. */
  readonly resendMillis: number
  /** After this time a write should have arrived. */
  readonly lateMillis: number
  /** Whether losses were proven lately: then no time is given away with waiting. */
  readonly losing: boolean
  /** Canaries in a volley, enough to reach every shard. */
  readonly volley: number
  /** When the last volley was registered, monotonic milliseconds. */
  readonly volleyAt: number
  readonly registered: ReadonlyArray<Registered>
}

/** With 8 canaries a shard, a volley misses one of three shards once in 2,000 times at a loss of a tenth. */
const CANARIES_PER_SHARD = 8
const MOST_CANARIES = 64

/** Canaries that reach each of so many shards, 0 while their number is not known. */
export const volleyFor = (shards: number, least: number): number =>
  Math.min(MOST_CANARIES, Math.max(least, CANARIES_PER_SHARD * shards))

/** A few, since a chain that loses events may lose one of these as well. */
const FIRST_CANARIES = 3

const needsFirst = (one: Waiting, progress: Progress, need: Need): boolean => {
  if (progress.passedAt !== undefined) return false
  const eager = one.kind === "barrier" || one.written.attempt > 1 || need.losing
  if (!eager && need.now - progress.addedAt < need.lateMillis) return false
  return !need.registered.some(
    (later) =>
      later.number > one.number &&
      later.startedAt > progress.laterThan &&
      need.now - later.at < need.resendMillis,
  )
}

const needsVolley = ({ settled, ...progress }: Progress, need: Need): boolean => {
  if (settled === undefined) return false
  const ids = need.registered.reduce(
    (sum, later) => (isWitness({ settled, ...progress }, later) ? sum + later.ids : sum),
    0,
  )
  return ids < need.volley || need.now - Math.max(need.volleyAt, settled.at) >= need.resendMillis
}

/** How many canaries should be written now. */
export const canariesWanted = (writes: Iterable<readonly [Waiting, Progress]>, need: Need): number => {
  let wanted = 0
  for (const [one, progress] of writes) {
    if (one.kind === "canary" || (one.missing.size === 0 && one.kind === "events")) continue
    if (needsVolley(progress, need)) return need.volley
    if (needsFirst(one, progress, need)) wanted = FIRST_CANARIES
  }
  return wanted
}
