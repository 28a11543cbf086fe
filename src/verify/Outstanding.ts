/**
 * The writes that wait for their confirmation, oldest first, and what is still missing of each.
 *
 * Plain mutable state with one owner, the watching loop: every step is synchronous, so none can be seen half done.
 */
import type { Deferred } from "effect"
import type { Verdict, Written } from "./Verifier.ts"

export interface Waiting {
  /** In the order of writing. */
  readonly number: number
  readonly written: Written
  readonly missing: Set<string>
  /** Ids that the index holds more than once. */
  duplicated: number
  /** When the last warning about it was written, epoch milliseconds. */
  warnedAt: number
  readonly verdict: Deferred.Deferred<Verdict>
}

/** Ids to ask for in one search, with the earliest time at which one of them was written. */
export interface Question {
  readonly ids: ReadonlyArray<string>
  readonly writtenSince: number
  readonly waiting: ReadonlyArray<Waiting>
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

const earliest = (waiting: ReadonlyArray<Waiting>): number =>
  waiting.reduce((time, { written }) => Math.min(time, written.startedAt), Number.POSITIVE_INFINITY)

export class Outstanding {
  readonly #waiting = new Set<Waiting>()
  #last = 0
  /** The newest write of which anything has arrived. */
  #front = 0

  add(written: Written, verdict: Deferred.Deferred<Verdict>): Waiting {
    this.#last += 1
    const waiting: Waiting = {
      number: this.#last,
      written,
      missing: new Set(written.ids),
      duplicated: 0,
      warnedAt: written.writtenAt,
      verdict,
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

  get events(): number {
    let events = 0
    for (const { missing } of this.#waiting) events += missing.size
    return events
  }

  get oldestWrittenAt(): number | undefined {
    for (const { written } of this.#waiting) return written.startedAt
    return undefined
  }

  /**
   * A few events of each write that nothing is known of: one small search tells how far the index has come, whatever
   * the backlog.
   */
  probe(): Question {
    const untouched = [...this.#waiting].filter((one) => !isTouched(one))
    return { ids: untouched.flatMap(samplesOf), waiting: untouched, writtenSince: earliest(untouched) }
  }

  /**
   * All that is missing of the writes up to the newest of which anything has arrived, in questions of at most
   * `maxIds`; a write is never split over two. What is older than something that has arrived should be there too.
   */
  questions(maxIds: number): ReadonlyArray<Question> {
    const due = [...this.#waiting].filter(({ number }) => number <= this.#front)
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

  /** Takes an answer over into the writes that asked; answers those of which nothing is missing any more. */
  settle(question: Question, copies: ReadonlyMap<string, number>): ReadonlyArray<Waiting> {
    return question.waiting.filter((one) => {
      for (const id of one.missing) {
        const found = copies.get(id)
        if (found === undefined) continue
        one.missing.delete(id)
        if (found > 1) one.duplicated += 1
        this.#front = Math.max(this.#front, one.number)
      }
      return one.missing.size === 0
    })
  }
}
