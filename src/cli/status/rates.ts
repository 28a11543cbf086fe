/** How fast each feed is confirmed, from what was gathered one after the other. Pure. */
import type { StatusReport } from "./report.ts"

/** What a rate is taken over, milliseconds: a batch every second or two must not make it jump. */
const OVER = 10_000

export interface Sample {
  /** Epoch milliseconds. */
  readonly at: number
  /** Events confirmed in this run, by feed. */
  readonly confirmed: ReadonlyMap<string, number>
}

export const sampleOf = ({ feeds }: StatusReport, at: number): Sample => ({
  at,
  confirmed: new Map(
    feeds.flatMap(({ counts, feed }) => (counts === null ? [] : [[feed, counts.confirmed]])),
  ),
})

/** Adds one and leaves out those that no rate is taken over any more. */
export const keep = (samples: ReadonlyArray<Sample>, newest: Sample): ReadonlyArray<Sample> => [
  ...samples.filter(({ at }) => newest.at - at <= OVER),
  newest,
]

/** Events a second; `undefined` until there are two samples of one run. */
export const rateOf = (samples: ReadonlyArray<Sample>, feed: string): number | undefined => {
  const last = samples.at(-1)
  const first = samples[0]
  if (last === undefined || first === undefined || last.at <= first.at) return undefined
  const [from, to] = [first.confirmed.get(feed), last.confirmed.get(feed)]
  // A count that went down is that of another run.
  return from === undefined || to === undefined || to < from
    ? undefined
    : ((to - from) * 1000) / (last.at - first.at)
}
