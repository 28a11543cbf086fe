/**
 * The writes that wait for their confirmation, oldest first, and what is still missing of each.
 *
 * Plain mutable state with one owner, the watching loop: every step is synchronous, so none can be seen half done.
 */
import type { Deferred } from "effect"
import type { Verdict, Written } from "./Verifier.ts"

export interface Waiting {
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

export class Outstanding {
  readonly #waiting = new Set<Waiting>()

  add(waiting: Waiting): void {
    this.#waiting.add(waiting)
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

  /** Everything that is missing, in as few questions as `maxIds` allows; a write is never split over two. */
  questions(maxIds: number): ReadonlyArray<Question> {
    const questions: Array<Question> = []
    let waiting: Array<Waiting> = []
    let ids: Array<string> = []
    const close = () => {
      const first = waiting[0]
      if (first === undefined) return
      questions.push({ ids, waiting, writtenSince: Math.min(...waiting.map((one) => one.written.startedAt)) })
      waiting = []
      ids = []
    }
    for (const one of this.#waiting) {
      if (ids.length > 0 && ids.length + one.missing.size > maxIds) close()
      waiting.push(one)
      for (const id of one.missing) ids.push(id)
    }
    close()
    return questions
  }
}

/** Takes an answer over into the writes that asked; returns those of which nothing is missing any more. */
export const settle = (question: Question, copies: ReadonlyMap<string, number>): ReadonlyArray<Waiting> =>
  question.waiting.filter((one) => {
    for (const id of one.missing) {
      const found = copies.get(id)
      if (found === undefined) continue
      one.missing.delete(id)
      if (found > 1) one.duplicated += 1
    }
    return one.missing.size === 0
  })
