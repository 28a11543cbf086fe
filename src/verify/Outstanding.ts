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
  /** Ids that the index holds more than once. */
  duplicated: number
  /** When the last warning about it was written, epoch milliseconds. */
  warnedAt: number
  /** Whether it was out while nothing arrived at all. */
  stalled: boolean
}

/** Ids to ask for in one search, with the earliest time at which one of them was written. */
export interface Question {
  readonly ids: ReadonlyArray<string>
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
   * A few events of each write that nothing is known of: one small search tells how far the index has come, whatever
   * the backlog.
   */
  probe(): Question {
    const untouched = [...this.#waiting].filter((one) => one.missing.size > 0 && !isTouched(one))
    return { ids: untouched.flatMap(samplesOf), waiting: untouched, writtenSince: earliest(untouched) }
  }

  /**
   * All that is missing of the writes up to the newest of which anything has arrived, in questions of at most
   * `maxIds`; a write is never split over two. What is older than something that has arrived should be there too.
   */
  questions(maxIds: number): ReadonlyArray<Question> {
    const due = [...this.#waiting].filter(({ number, missing }) => number <= this.#front && missing.size > 0)
    const questions: Array<Question> = []
    let part: Array<Waiting> = []
    let ids: Array<string> = []
    const close = () => {
      if (part.length > 0) questions.push({ ids, waiting: part, writtenSince: earliest(part) })
      part = []
      ids = []
    }
    for (const one of due) {
      if (ids.length > 0 && ids.length + one.missing.size > maxIds) close()
      part.push(one)
      for (const id of one.missing) ids.push(id)
    }
    close()
    return questions
  }

  /** Takes an answer over into the writes that asked. */
  settle(question: Question, copies: ReadonlyMap<string, number>): Settled {
    const arrived = new Map<Waiting, ReadonlyArray<string>>()
    const whole = question.waiting.filter((one) => {
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
