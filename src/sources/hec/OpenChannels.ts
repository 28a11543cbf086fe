/** Ack ids by channel, in memory as on disk: which are open, and up to which record each one stands. */

/** More open ids than a sender that asks for them ever has; beyond it the oldest are forgotten. */
export const MOST_OPEN = 10_000
/** More channels than this are not kept: that of a sender who is away for longest goes. */
export const MOST_CHANNELS = 1000

interface Channel {
  readonly sender: string
  readonly channel: string
  next: number
  /** When it was used last, epoch milliseconds. */
  usedAt: number
  /** Open ids in order, each with the number of the last record it stands for. */
  readonly open: Map<number, number>
}

type Row = Readonly<Record<string, unknown>>

const keyOf = (sender: string, channel: string): string => `${sender}/${channel}`

export class OpenChannels {
  readonly #channels = new Map<string, Channel>()

  /** Rows as `SpoolFile` keeps them. */
  constructor(channels: ReadonlyArray<Row>, acks: ReadonlyArray<Row>) {
    for (const { sender, channel, next } of channels)
      this.#at(String(sender), String(channel)).next = Number(next)
    for (const { sender, channel, id, up_to } of acks)
      this.#at(String(sender), String(channel)).open.set(Number(id), Number(up_to))
  }

  #at(sender: string, channel: string): Channel {
    const key = keyOf(sender, channel)
    const known = this.#channels.get(key)
    if (known !== undefined) return known
    const made: Channel = { sender, channel, next: 0, usedAt: 0, open: new Map() }
    this.#channels.set(key, made)
    return made
  }

  /** The next id of a channel. It counts as used up even if what it was for then fails. */
  nextId(sender: string, channel: string): { readonly id: number; readonly dropped: ReadonlyArray<number> } {
    const at = this.#at(sender, channel)
    const id = at.next
    at.next += 1
    const dropped = [...at.open.keys()].slice(0, Math.max(0, at.open.size + 1 - MOST_OPEN))
    for (const one of dropped) at.open.delete(one)
    return { id, dropped }
  }

  /** The id is on disk, and stands for everything up to this record. */
  opened(sender: string, channel: string, id: number, upTo: number, now: number): void {
    const at = this.#at(sender, channel)
    at.open.set(id, upTo)
    at.usedAt = now
  }

  /** Which of these ids are settled; they are forgotten by it. */
  take(
    sender: string,
    channel: string,
    ids: ReadonlyArray<number>,
    settledUpTo: number,
    now: number,
  ): ReadonlyMap<number, boolean> {
    const at = this.#channels.get(keyOf(sender, channel))
    if (at !== undefined) at.usedAt = now
    const answers = new Map<number, boolean>()
    for (const id of ids) {
      const upTo = at?.open.get(id)
      const isSettled = upTo !== undefined && upTo <= settledUpTo
      if (isSettled) at?.open.delete(id)
      answers.set(id, isSettled)
    }
    return answers
  }

  /** All channels count as used now: how long they were idle before a restart is not known. */
  touchAll(now: number): void {
    for (const at of this.#channels.values()) at.usedAt = now
  }

  /** Lets go of the channels that were not used since then, and of the idlest where there are too many. */
  expire(usedBefore: number): ReadonlyArray<{ readonly sender: string; readonly channel: string }> {
    const byIdleness = [...this.#channels.values()].sort((one, other) => one.usedAt - other.usedAt)
    const gone = byIdleness.filter((at, n) => at.usedAt < usedBefore || n < byIdleness.length - MOST_CHANNELS)
    for (const at of gone) this.#channels.delete(keyOf(at.sender, at.channel))
    return gone
  }
}
