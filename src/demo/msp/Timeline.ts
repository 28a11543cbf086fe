/**
 * The records of a feed by number, without the records: 490,000 of them cost no memory.
 *
 * The first `count` are spread over a span, in bursts of up to four within a second, some in the same millisecond;
 * more can be appended while it runs. Times never fall with the number, so a time range is a range of numbers.
 * A range can be held back and released later, as a box does that was offline.
 */
import { hash32 } from "../seededRandom.ts"

const BURST = 4
const GAPS_IN_BURST = [0, 40, 40, 270] as const

export interface TimelineOptions {
  readonly count: number
  readonly spanMillis: number
  /** Epoch milliseconds; the last of the `count` records lies before it. */
  readonly endsAt: number
  readonly seed: number
}

export interface Timeline {
  /** How many there are, those held back included. */
  readonly total: () => number
  /** Whether the API shows this one now: it exists and is not held back. */
  readonly isAvailable: (index: number) => boolean
  /** Epoch milliseconds. */
  readonly timeOf: (index: number) => number
  /** Adds one; its time is `millis`, or that of the last one if that is later. Answers its number. */
  readonly append: (millis: number) => number
  /** Hides the records with times from `from` to below `to`. */
  readonly holdBack: (from: number, to: number) => void
  readonly releaseAll: () => void
  /** Up to `limit + 1` visible numbers from `start` on, in the order asked for, whose times are in the range. */
  readonly numbers: (range: Range, start: number | undefined, limit: number) => ReadonlyArray<number>
}

/** Seconds, both ends included, as the API's `ts:a-b`. */
export interface Range {
  readonly from: number
  readonly to: number
  readonly order: "asc" | "desc"
}

export const makeTimeline = (options: TimelineOptions): Timeline => {
  const { count, spanMillis, seed } = options
  const start = Math.floor(options.endsAt - spanMillis)
  const bursts = Math.max(1, Math.ceil(count / BURST))
  const spacing = spanMillis / bursts
  // Dense timelines squeeze the bursts, so that one ends before the next begins.
  const squeeze = Math.min(1, spacing / 1000)
  const appended: Array<number> = []
  let hidden: ReadonlyArray<{ readonly from: number; readonly to: number }> = []

  const generated = (index: number): number => {
    const burst = Math.floor(index / BURST)
    const jitter = (hash32(seed, burst) % 500) * squeeze
    const gap = (GAPS_IN_BURST[index % BURST] ?? 0) * squeeze
    return start + Math.floor(burst * spacing + jitter + gap)
  }
  const timeOf = (index: number) => (index < count ? generated(index) : (appended[index - count] ?? Infinity))
  const total = () => count + appended.length

  /** The first number whose time, in seconds, is not below `seconds` (or, `after`, above it). */
  const bound = (seconds: number, after: boolean): number => {
    let low = 0
    let high = total()
    while (low < high) {
      const middle = (low + high) >>> 1
      const time = timeOf(middle) / 1000
      if (after ? time <= seconds : time < seconds) low = middle + 1
      else high = middle
    }
    return low
  }
  const hiding = (index: number) => hidden.find((range) => index >= range.from && index < range.to)

  return {
    total,
    isAvailable: (index) => index >= 0 && index < total() && hiding(index) === undefined,
    timeOf,
    append: (millis) => {
      const last = total() === 0 ? millis : timeOf(total() - 1)
      appended.push(Math.max(Math.floor(millis), last))
      return total() - 1
    },
    holdBack: (from, to) => {
      const range = { from: bound(from / 1000, false), to: bound(to / 1000, false) }
      if (range.to > range.from) hidden = [...hidden, range]
    },
    releaseAll: () => {
      hidden = []
    },
    numbers: (range, startAt, limit) => {
      const first = bound(range.from, false)
      const end = bound(range.to, true)
      const found: Array<number> = []
      if (range.order === "asc") {
        for (let i = Math.max(first, startAt ?? first); i < end && found.length <= limit; i++) {
          const skip = hiding(i)
          if (skip === undefined) found.push(i)
          else i = skip.to - 1
        }
      } else {
        for (let i = Math.min(end - 1, startAt ?? end - 1); i >= first && found.length <= limit; i--) {
          const skip = hiding(i)
          if (skip === undefined) found.push(i)
          else i = skip.from
        }
      }
      return found
    },
  }
}
