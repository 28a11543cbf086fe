/**
 * The writes that wait for their confirmation, oldest first, and what is still missing of each.
 *
 * Plain mutable state with one owner, the watching loop: every step is synchronous, so none can be seen half done.
 */
import type { Written } from "./Verifier.ts"

export interface Waiting {
  /** In the order of registering, which is after the write. */
  readonly number: number
  /** A barrier has no events of its own: it stands for whatever was written before it. */
  readonly kind: "events" | "canary" | "barrier"
  readonly written: Written
  readonly missing: Set<string>
  /** Documents of its batch at the last count, and whether that was also the count before. */
  counted: number
  isSteady: boolean
  /** The count at which its events were last asked for. */
  askedAt: number
  /** Ids that the index holds more than once. */
  duplicated: number
  /** When the last warning about it was written, epoch milliseconds. */
  warnedAt: number
  /** Whether it was out while nothing arrived at all. */
  stalled: boolean
}

/** What to ask for in one search, with the earliest time at which one of these events was written. */
export interface Question {
  /** Events by their ids, or all that was written in some batches. */
  readonly ask:
    | { readonly _tag: "ByName"; readonly ids: ReadonlyArray<string> }
    | { readonly _tag: "ByBatch"; readonly batches: ReadonlyArray<string> }
  readonly writtenSince: number
  readonly waiting: ReadonlyArray<Waiting>
}

/** What an answer has brought. */
export interface Settled {
  /** Writes of which nothing is missing any more. */
  readonly whole: ReadonlyArray<Waiting>
  readonly arrived: ReadonlyMap<Waiting, ReadonlyArray<string>>
}

/** Whether the index has returned anything of it yet. */
const isTouched = ({ missing, written }: Waiting): boolean => missing.size < written.ids.length

/** Three of its events, spread over it; all of them where there are no more. */
const samplesOf = ({ written: { ids } }: Waiting): ReadonlyArray<string> =>
  ids.length <= 3
    ? ids
    : [0, ids.length >> 1, ids.length - 1].flatMap((place) => {
        const id = ids[place]
        return id === undefined ? [] : [id]
      })

export const earliest = (waiting: Iterable<Waiting>): number => {
  let time = Number.POSITIVE_INFINITY
  for (const { written } of waiting) time = Math.min(time, written.startedAt)
  return time
}

/** What is written again is in the batch of its first write, so a count of that says nothing about it. */
const isCountable = ({ missing, written }: Waiting): boolean => missing.size > 0 && written.attempt === 1

/**
 * Whether its events are worth asking for: all of them may be there, or some are and no more are coming right now.
 * The count and the answer may come from different copies of a shard, so one that was whole is asked for again.
 */
const isNews = ({ askedAt, counted, isSteady, written }: Waiting): boolean =>
  counted >= written.ids.length || (isSteady && counted !== askedAt)

const byName = (waiting: ReadonlyArray<Waiting>, ids: ReadonlyArray<string>): Question => ({
  ask: { _tag: "ByName", ids },
  waiting,
  writtenSince: earliest(waiting),
})

const byBatch = (waiting: ReadonlyArray<Waiting>): Question => ({
  ask: { _tag: "ByBatch", batches: waiting.map(({ written }) => written.batch) },
  waiting,
  writtenSince: earliest(waiting),
})

/** Neighbours together, as many as make at most `most`; one that is larger is alone. */
const inGroups = (
  all: ReadonlyArray<Waiting>,
  most: number,
  sizeOf: (one: Waiting) => number,
): ReadonlyArray<ReadonlyArray<Waiting>> => {
  const groups: Array<Array<Waiting>> = []
  let size = 0
  for (const one of all) {
    const group = groups.at(-1)
    if (group === undefined || size + sizeOf(one) > most) {
      groups.push([one])
      size = sizeOf(one)
    } else {
      group.push(one)
      size += sizeOf(one)
    }
  }
  return groups
}

export class Outstanding {
  readonly #waiting = new Set<Waiting>()
  #last = 0
  /** The newest write of which anything has arrived. */
  #front = 0

  add(written: Written, kind: Waiting["kind"] = "events"): Waiting {
    this.#last += 1
    const waiting: Waiting = {
      number: this.#last,
      kind,
      written,
      missing: new Set(written.ids),
      counted: 0,
      isSteady: false,
      askedAt: 0,
      duplicated: 0,
      warnedAt: written.writtenAt,
      stalled: false,
    }
    this.#waiting.add(waiting)
    return waiting
  }

  remove(waiting: Waiting): void {
    this.#waiting.delete(waiting)
  }

  get all(): ReadonlySet<Waiting> {
    return this.#waiting
  }

  /** The number of the newest write. */
  get last(): number {
    return this.#last
  }

  /** Those of the feeds. */
  get batches(): ReadonlyArray<Waiting> {
    return [...this.#waiting].filter(({ kind }) => kind === "events")
  }

  get events(): number {
    return this.batches.reduce((sum, { missing }) => sum + missing.size, 0)
  }

  /**
   * The writes whose batches are counted next: the oldest, with about so many events, because they should come next; of
   * the rest every fourth, which is enough to see how far the index has come; and every canary.
   */
  countable(events: number): ReadonlyArray<Waiting> {
    let sum = 0
    let rest = 0
    return [...this.#waiting].filter((one) => {
      if (!isCountable(one)) return false
      if (one.kind !== "events") return true
      sum += one.missing.size
      return sum <= events || rest++ % 4 === 0
    })
  }

  /** Takes over how many documents each batch has. Answers the writes of which more have arrived. */
  count(writes: ReadonlyArray<Waiting>, counts: ReadonlyMap<string, number>): ReadonlyArray<Waiting> {
    return writes.filter((one) => {
      const counted = counts.get(one.written.batch) ?? 0
      const isMore = counted > one.counted
      one.isSteady = counted === one.counted
      one.counted = counted
      if (counted > 0) this.#front = Math.max(this.#front, one.number)
      return isMore
    })
  }

  /** A few events of each repeated write that nothing is known of. */
  probe(): Question | undefined {
    const untouched = [...this.#waiting].filter(
      (one) => one.missing.size > 0 && !isCountable(one) && !isTouched(one),
    )
    return untouched.length === 0 ? undefined : byName(untouched, untouched.flatMap(samplesOf))
  }

  /**
   * What the counts and the probe have made worth asking, in questions about at most `mostEvents`; a write is never
   * split over two. A repeated write is asked for by name once anything as new has arrived, because then it should be
   * there too.
   *
   * @param isOverdue whether a write has been overtaken for so long that what is missing of it is asked for by name
   */
  questions(mostEvents: number, isOverdue: (one: Waiting) => boolean): ReadonlyArray<Question> {
    const open = [...this.#waiting].filter(({ missing }) => missing.size > 0)
    const news = open.filter((one) => isCountable(one) && !isOverdue(one) && isNews(one))
    const named = open.filter((one) => isOverdue(one) || (!isCountable(one) && one.number <= this.#front))
    return [
      ...inGroups(news, mostEvents, ({ counted }) => counted).map(byBatch),
      ...inGroups(named, mostEvents, ({ missing }) => missing.size).map((part) =>
        byName(
          part,
          part.flatMap(({ missing }) => [...missing]),
        ),
      ),
    ]
  }

  /** Takes an answer over into the writes that asked. */
  settle(question: Question, copies: ReadonlyMap<string, number>): Settled {
    const arrived = new Map<Waiting, ReadonlyArray<string>>()
    const whole = question.waiting.filter((one) => {
      one.askedAt = one.counted
      const found = [...one.missing].filter((id) => copies.has(id))
      for (const id of found) {
        one.missing.delete(id)
        if ((copies.get(id) ?? 0) > 1) one.duplicated += 1
      }
      if (found.length > 0) {
        arrived.set(one, found)
        this.#front = Math.max(this.#front, one.number)
      }
      return one.missing.size === 0
    })
    return { whole, arrived }
  }
}
