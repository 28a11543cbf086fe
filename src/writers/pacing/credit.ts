/**
 * How much may be written on the word of one answer of the manager, and what a drop does to that: pure decisions.
 */
import type { ManagerStats } from "./ManagerStats.ts"

/**
 * What a socket may hold that is in no queue yet: net.unix.max_dgram_qlen, 10 by the kernel's default and 512 by
 * systemd's. The manager's namespace decides, which can't be read from here.
 */
export const SOCKET_BACKLOG = 512

/** Messages that the socket may hold beside the queue, never more than a quarter of the share. */
const backlog = (places: number): number => Math.min(SOCKET_BACKLOG, Math.floor(places / 4))

/**
 * How many messages the queue takes before its usage reaches `share`, when nothing is drained from now on.
 * `recent` are those that were handed out so shortly before the answer that it may not count them.
 */
export const credit = (stats: Pick<ManagerStats, "size" | "usage">, share: number, recent: number): number =>
  Math.floor((share - stats.usage) * stats.size) - Math.max(backlog(share * stats.size), Math.ceil(recent))

/**
 * The least that is worth handing out: a quarter of a chunk, unless less is wanted. A queue close to its share would
 * otherwise be asked for every few messages.
 */
export const leastGrant = (wanted: number, chunk: number, size: number, share: number): number => {
  const places = share * size
  const most = Math.floor(places) - backlog(places)
  return Math.max(1, Math.min(wanted, Math.floor(chunk / 4), Math.floor(most / 2)))
}

/** The share in use, which halves when the manager drops and comes back by doubling. */
export interface Steering {
  /** 1 is the whole configured share; never under `LEAST_FACTOR`. */
  readonly factor: number
  /** When the factor may double again, milliseconds of the clock. */
  readonly recoverAt: number
  /** The counters of the answer before. */
  readonly seen: Pick<ManagerStats, "dropped" | "startedAt"> | undefined
}

export const LEAST_FACTOR = 1 / 8
/** How long without another drop before the share doubles again. */
export const RECOVERY_MILLIS = 60_000

export const UNSTEERED: Steering = { factor: 1, recoverAt: 0, seen: undefined }

/** The next steering, and how many collected logs the manager has dropped since the answer before. */
export const steer = (
  before: Steering,
  stats: Pick<ManagerStats, "dropped" | "startedAt">,
  now: number,
): { readonly steering: Steering; readonly droppedSince: number } => {
  const { dropped, startedAt } = stats
  const seen = { dropped, startedAt }
  // The counters begin at 0 when analysisd starts; what was dropped before Waybill looked is not of its doing.
  const restarted =
    before.seen !== undefined && (startedAt !== before.seen.startedAt || dropped < before.seen.dropped)
  const droppedSince = before.seen === undefined ? 0 : restarted ? dropped : dropped - before.seen.dropped
  if (droppedSince > 0) {
    const factor = Math.max(LEAST_FACTOR, before.factor / 2)
    return { steering: { factor, recoverAt: now + RECOVERY_MILLIS, seen }, droppedSince }
  }
  if (before.factor < 1 && now >= before.recoverAt) {
    const steering = { factor: Math.min(1, before.factor * 2), recoverAt: now + RECOVERY_MILLIS, seen }
    return { steering, droppedSince }
  }
  return { steering: { ...before, seen }, droppedSince }
}
