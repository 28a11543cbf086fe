/**
 * The lag from a write to its being searchable, and how often it is worth looking.
 *
 * Expect a refresh of 5 s (the stock template) and up to 10 s of Filebeat's scan and flush between the two.
 */

/** Milliseconds; `undefined` before anything has been seen. */
export interface Lag {
  readonly last: number | undefined
  /** The highest seen lately: falls by a fifth of the way with each observation below it. */
  readonly high: number | undefined
}

export const noLag: Lag = { last: undefined, high: undefined }

export const observeLag = (lag: Lag, millis: number): Lag => ({
  last: millis,
  high: lag.high === undefined || millis >= lag.high ? millis : lag.high - (lag.high - millis) / 5,
})

/**
 * Often enough to add little to the lag, and seldom enough to cost the indexer little: bench/commit-lag.ts and
 * bench/search-share.ts measure the two.
 */
const LOOKS_PER_LAG = 5.5

/** How long to wait before the next look, between the bounds of the settings; milliseconds. */
export const lookInterval = (lag: Lag, bounds: { readonly min: number; readonly max: number }): number =>
  Math.min(bounds.max, Math.max(bounds.min, (lag.last ?? 0) / LOOKS_PER_LAG))

/** Before anything is known about the chain: three refreshes of the stock template. */
const UNKNOWN_LAG = 15_000
/** Less than this is noise of the machine. */
const LEAST_LATE = 1000
const MOST_LATE = 60_000

const DAY = 86_400_000

/**
 * From when on what should have arrived by now is looked for by its name, epoch milliseconds: not only the skew but a
 * day before its write. A clock that was hours wrong and has been set since has stamped it with a time outside of every
 * other search; and what is searched for in the wrong place would look lost.
 */
export const namedSince = (writtenSince: number, skewMillis: number): number =>
  writtenSince - Math.max(skewMillis, DAY)

/** After this time a write should have arrived, and it is worth to ask with a canary whether the chain moves. */
export const lateAfter = ({ high }: Lag): number =>
  Math.min(MOST_LATE, Math.max(LEAST_LATE, (high ?? UNKNOWN_LAG) * 1.5))

/**
 * How far the order of events may be off. Refreshes have no part in it, so it follows the lag only a little: a chain
 * that is slow altogether may be slow in one of its threads, too.
 */
export const proofGrace = ({ high }: Lag, setting: number): number =>
  Math.max(setting, Math.min((high ?? 0) / 4, 5 * setting))

/** How long canaries may be out before others follow them, in a chain that is slower than the setting, too. */
export const resendAfter = ({ high }: Lag, setting: number): number => Math.max(setting, 2 * (high ?? 0))
