/**
 * When the file is rotated, and what the old ones are called. Pure.
 *
 * By renaming, never by copying and truncating. How wazuh-logcollector follows (src/logcollector/logcollector.c): it
 * reads what it has open to the end every 2 seconds; every 64 seconds (logcollector.vcheck_files) it looks whether the
 * path is another file now, and if so it closes the old one, unread rest and all, and reads the new one from its start.
 * So before a rename nothing may have been written for a while, and two renames must be further apart than its look.
 */

export interface RotationOptions {
  readonly maxBytes: number
  /** Between two rotations, milliseconds. */
  readonly minIntervalMillis: number
}

export interface FileAge {
  readonly bytes: number
  /** When the file was begun, epoch milliseconds. */
  readonly begunAt: number
}

const dayOf = (millis: number) => Math.floor(millis / 86_400_000)

/** Whether it has grown enough, or was begun on another day in UTC. */
export const isDue = ({ begunAt, bytes }: FileAge, now: number, options: RotationOptions): boolean =>
  bytes > 0 &&
  now - begunAt >= options.minIntervalMillis &&
  (bytes >= options.maxBytes || dayOf(now) > dayOf(begunAt))

/** `waybill.log` of a file that is rotated at `now`: `waybill.log.20260222T191304123Z`. */
export const rotatedName = (name: string, now: number): string =>
  `${name}.${new Date(now).toISOString().replaceAll(/[-:.]/g, "")}`

const ROTATED = /^\.\d{8}T\d{9}Z$/

/** The rotated files of `name` in a folder that are too many, oldest first. */
export const tooMany = (names: ReadonlyArray<string>, name: string, keep: number): ReadonlyArray<string> => {
  const rotated = names.filter((one) => one.startsWith(name) && ROTATED.test(one.slice(name.length)))
  return rotated.toSorted().slice(0, Math.max(0, rotated.length - keep))
}
