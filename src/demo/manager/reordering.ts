/**
 * analysisd's threads overtake each other: 2 to 12 % of neighbouring alerts swap, by up to 170 places (measured).
 * Here a share of the alerts is held until up to that many others have passed.
 */
import type { Random } from "../seededRandom.ts"

export const MAX_PLACES = 170

export interface Reordering<A> {
  /** Takes the next one in and answers what comes out now, in order. */
  readonly push: (item: A) => ReadonlyArray<A>
  /** What is still held, for when nothing follows. */
  readonly flush: () => ReadonlyArray<A>
  /** Forgets what is held, as a kill does. */
  readonly clear: () => void
}

/** @param share of the items that are held, 0 to 1 */
export const makeReordering = <A>(share: number, random: Random): Reordering<A> => {
  let pushed = 0
  let held: Array<{ readonly item: A; readonly due: number }> = []
  return {
    push: (item) => {
      pushed += 1
      const out: Array<A> = []
      if (random.next() < share) held.push({ item, due: pushed + 1 + random.below(MAX_PLACES) })
      else out.push(item)
      if (held.length > 0) {
        for (const waiting of held) if (waiting.due <= pushed) out.push(waiting.item)
        held = held.filter((waiting) => waiting.due > pushed)
      }
      return out
    },
    flush: () => {
      const out = held.toSorted((a, b) => a.due - b.due).map((waiting) => waiting.item)
      held = []
      return out
    },
    clear: () => {
      held = []
    },
  }
}
