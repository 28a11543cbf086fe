/** The lags of a feed over the last hour, for the plots: bounded, however many batches there are. */

/** One sample stands for so long, beginning at a multiple of it. */
export const SAMPLE_MILLIS = 15_000
const SAMPLES = 240
export const HISTORY_MILLIS = SAMPLE_MILLIS * SAMPLES

export interface LagSample {
  /** Epoch milliseconds, the beginning of its time. */
  readonly at: number
  /** From written to searchable: the longest of the batches that were confirmed in its time. */
  readonly lagMillis: number
}

/** Times in which no batch was confirmed have no sample, so that an outage is a gap and not a flat line. */
export class LagHistory {
  private readonly lags = new Map<number, number>()

  /** @param now epoch milliseconds */
  add(now: number, lagMillis: number): void {
    const at = now - (now % SAMPLE_MILLIS)
    this.lags.set(at, Math.max(lagMillis, this.lags.get(at) ?? 0))
    this.forget(now)
  }

  /** Oldest first. */
  samples(now: number): ReadonlyArray<LagSample> {
    this.forget(now)
    return [...this.lags].map(([at, lagMillis]) => ({ at, lagMillis })).sort((a, b) => a.at - b.at)
  }

  private forget(now: number): void {
    for (const at of this.lags.keys()) if (at <= now - HISTORY_MILLIS) this.lags.delete(at)
  }
}
