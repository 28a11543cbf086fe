/**
 * Whether an answer that does not find something has searched wherever that may be. Pure.
 *
 * A search of a pattern leaves out what the pattern does not match at that moment, and says nothing of it: an index
 * that is closed, deleted, renamed or hidden from the user, a remote cluster that is away. So after an answer that
 * misses something the indices are listed (`_resolve/index`, which `read` allows) and held against what was there:
 *
 * - No shard at all, where there were some: no end is set to the doubt. It ends when an index is there again, and
 *   the next alert or canary makes one.
 * - An index of a day that is closed may hold whatever arrived by the end of that day. It is not gone, and so there is
 *   no end to this either: open it, delete it, or take it out of the pattern.
 * - An index that was there in this run, or some of the shards, are away without such a sign. It may be a restart, a
 *   right that was taken, a restore. After `GONE_MILLIS` it is gone: else whoever deletes an index by hand would stop
 *   Waybill for ever. What only it had is then missing, and the feeds bring of it what they still fetch.
 *
 * Old indices that a retention policy closes or deletes hold nothing of what is asked for, and change nothing.
 */

/** What `_resolve/index` lists of a pattern. */
export interface Roll {
  readonly open: ReadonlySet<string>
  readonly closed: ReadonlySet<string>
}

export interface Answered {
  readonly roll: Roll
  /** Shards that the answer counts. */
  readonly shards: number
  /** The earliest arrival that was searched for, epoch milliseconds. */
  readonly since: number
  /** `generation` when the search began. */
  readonly generation: number
  /** Monotonic milliseconds. */
  readonly now: number
}

export interface Judged {
  /** What was left out, and what to do about it; undefined: the answer is whole. */
  readonly leftOut: string | undefined
  /** Indices that are given up from now on. */
  readonly gone: ReadonlyArray<string>
}

/** Longer than a restart, a re-creation or a reopening takes. */
export const GONE_MILLIS = 600_000

const DAY_MILLIS = 86_400_000
const DAY = /(\d{4})\.(\d{2})\.(\d{2})$/

/** When the day of an index ends, epoch milliseconds: Wazuh's pipeline puts what arrives into the index of its day in UTC. */
const endOf = (index: string): number | undefined => {
  const [, year, month, day] = DAY.exec(index) ?? []
  const start = Date.parse(`${year}-${month}-${day}T00:00:00Z`)
  return Number.isNaN(start) ? undefined : start + DAY_MILLIS
}

/** Whether something that arrived at `since` or later may lie in it. Without a day in its name it may. */
const mayHold = (index: string, since: number): boolean => (endOf(index) ?? Number.POSITIVE_INFINITY) > since

const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((name) => b.has(name))

export class Coverage {
  #open: ReadonlySet<string> = new Set()
  /** Counts the changes of `#open`: only a search that began after the last one belongs to these indices. */
  #generation = 0
  /** The most shards that these indices had, once that was seen. */
  #shards = 0
  #hadShards: boolean
  /** Since when an index is away, monotonic milliseconds. */
  readonly #away = new Map<string, number>()
  #fewerSince: number | undefined
  readonly #goneMillis: number

  /** @param hadShards whether an earlier run has had something confirmed */
  constructor(hadShards: boolean, goneMillis = GONE_MILLIS) {
    this.#hadShards = hadShards
    this.#goneMillis = goneMillis
  }

  get generation(): number {
    return this.#generation
  }

  /** Whether an answer of so many shards is that of an index that is not there any more. */
  isNothingLeft(shards: number): boolean {
    if (shards > 0) this.#hadShards = true
    return shards === 0 && this.#hadShards
  }

  judge({ generation, now, roll, shards, since }: Answered): Judged {
    const gone = this.#take(roll, now)
    const closed = [...roll.closed].find((name) => endOf(name) !== undefined && mayHold(name, since))
    if (closed !== undefined)
      return {
        leftOut: `the index ${closed} is closed and may hold what was asked for. Open it, delete it, or take it out of indexer.index_pattern`,
        gone,
      }
    const away = [...this.#away.keys()].find((name) => mayHold(name, since))
    if (away !== undefined)
      return {
        leftOut: `the index ${away} was there and can't be found any more. If it was deleted, that is taken as such after ${Math.round(this.#goneMillis / 60_000)} minutes; else bring it back, and see that indexer.username may read it`,
        gone,
      }
    if (shards < roll.open.size)
      return { leftOut: `it asked ${shards} shards of ${roll.open.size} indices`, gone }
    return { leftOut: this.#fewerShards(shards, generation, now), gone }
  }

  /** Takes over which indices there are. Answers those that have been away for too long. */
  #take({ closed, open }: Roll, now: number): ReadonlyArray<string> {
    for (const name of open) this.#away.delete(name)
    if (!isSame(open, this.#open)) {
      for (const name of this.#open)
        if (!open.has(name) && !(closed.has(name) && endOf(name) !== undefined)) this.#away.set(name, now)
      this.#open = open
      this.#generation += 1
      this.#shards = 0
      this.#fewerSince = undefined
    }
    const gone = [...this.#away].filter(([, since]) => now - since >= this.#goneMillis).map(([name]) => name)
    for (const name of gone) this.#away.delete(name)
    return gone
  }

  /** The same indices had more shards: some of them were left out, unless the index was made anew with fewer. */
  #fewerShards(shards: number, generation: number, now: number): string | undefined {
    // The indices have changed while it was searched, so its number may be that of others.
    if (generation !== this.#generation) return undefined
    const most = this.#shards
    if (shards < most) {
      this.#fewerSince ??= now
      if (now - this.#fewerSince < this.#goneMillis)
        return `it asked ${shards} shards, where there were ${most}`
    }
    this.#fewerSince = undefined
    this.#shards = shards
    return undefined
  }
}
