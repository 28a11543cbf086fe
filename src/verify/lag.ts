/**
 * The lag from a write to its being searchable, and how often it is worth looking.
 *
 * Expect a refresh of 5 s (the stock template) and up to 10 s of Filebeat's scan and flush between the two.
 */

/** Milliseconds; `undefined` before anything has been seen. */
export interface Lag {
  readonly last: number | undefined
  /** The highest seen lately: falls by a twentieth with each observation below it. */
  readonly high: number | undefined
}

export const noLag: Lag = { last: undefined, high: undefined }

export const observeLag = (lag: Lag, millis: number): Lag => ({
  last: millis,
  high: lag.high === undefined || millis >= lag.high ? millis : lag.high - (lag.high - millis) / 20,
})

/**
 * How long to wait before the next look. A tenth of the lag is soon enough to add little to it, and seldom enough to
 * cost the indexer little; between the bounds of the settings.
 */
export const lookInterval = (lag: Lag, bounds: { readonly min: number; readonly max: number }): number =>
  Math.min(bounds.max, Math.max(bounds.min, (lag.last ?? 0) / 10))
