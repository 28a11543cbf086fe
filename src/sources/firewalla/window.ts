/**
 * Which stretch of time a poll reads, and in what slices. Pure. All times are whole seconds since the epoch, all
 * stretches half-open: `from` belongs to it, `to` does not.
 */

export interface Stretch {
  readonly from: number
  readonly to: number
}

export interface WindowSettings {
  readonly overlap: number
  readonly firstRun: number
  readonly retention: number
}

export interface Window extends Stretch {
  /** What the checkpoint already says, as far as it may be believed: no position of the poll lies before it. */
  readonly settled: number
  /** Not settled, and older than the API still has: lost unless the retention is longer than the setting says. */
  readonly lost: Stretch | undefined
  /** Whether all of it may have been sent before, whatever this run has asked for. */
  readonly again?: true
}

/**
 * The window of one poll: from the checkpoint less the overlap to now.
 *
 * A checkpoint in the future was written while the clock was wrong. It is believed only up to now: what arrives until
 * then would otherwise never be asked for.
 */
export const windowOf = (upTo: number | undefined, now: number, settings: WindowSettings): Window => {
  const oldest = now - settings.retention
  if (upTo === undefined) {
    const from = Math.max(now - settings.firstRun, oldest)
    return { from, to: now, settled: from, lost: undefined }
  }
  const settled = Math.min(Math.floor(upTo), now)
  return {
    from: Math.max(settled - settings.overlap, oldest),
    to: now,
    settled,
    lost: settled < oldest ? { from: settled, to: oldest } : undefined,
  }
}

/** The window of a look back: what there can be of `wanted`, in whole seconds. Empty: `from` is not before `to`. */
export const windowBetween = (
  wanted: Stretch,
  now: number,
  { retention }: Pick<WindowSettings, "retention">,
): Window => {
  const oldest = now - retention
  const from = Math.max(Math.floor(wanted.from), oldest)
  const to = Math.min(Math.ceil(wanted.to), now)
  const lost = wanted.from < oldest ? { from: Math.floor(wanted.from), to: Math.min(to, oldest) } : undefined
  return { from, to, settled: from, lost, again: true }
}

export interface Slice extends Stretch {
  /** Whether an earlier poll or run may have sent some of it. */
  readonly maybeSent: boolean
}

/**
 * The slice that begins at `from`. It also ends where the time begins that was never asked for (`asked`), so that the
 * indexer is not searched for what cannot be there.
 */
export const sliceAt = (from: number, to: number, length: number, asked: number): Slice => {
  const end = Math.min(from + Math.max(1, length), to)
  return { from, to: from < asked && asked < end ? asked : end, maybeSent: from < asked }
}

/**
 * Whether the source can have a record of this time: within its retention, and not in the future. What was sent by then
 * lies before the end of every later run's first poll, so that it is looked for before it is sent again.
 */
export const isPlausible = (second: number, now: number, { retention }: Pick<WindowSettings, "retention">) =>
  second >= now - retention && second <= now
