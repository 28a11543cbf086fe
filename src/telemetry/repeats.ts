/**
 * Keeps a warning that comes over and over from burying everything else: the first is written, and from then on, once in
 * each interval, how often it came again. Pure but for its memory; times are epoch milliseconds.
 */
import type { LogEntry } from "./logEntry.ts"

interface Repeat {
  dueAt: number
  repeated: number
  last: LogEntry
}

/** Of different warnings that are remembered at a time; any beyond that are written as they come. */
const MOST_REMEMBERED = 1000

/** Two lines say the same if they agree in this; what differs in other fields, such as a count, is told by the last. */
const sameness = ({ event, fields, level, message }: LogEntry): string =>
  JSON.stringify([level, event, message, fields.feed, fields.batch])

const collapsed = ({ last, repeated }: Repeat, now: number): LogEntry => ({
  ...last,
  ts: new Date(now).toISOString(),
  fields: { ...last.fields, repeated },
})

export class Repeats {
  readonly #every: number
  readonly #known = new Map<string, Repeat>()
  #nextDueAt = Number.POSITIVE_INFINITY

  /** @param every Milliseconds; 0 lets every line through. */
  constructor(every: number) {
    this.#every = every
  }

  /** What is to be written when this entry comes: what has become due, and itself unless it is a repeat. */
  take(entry: LogEntry, now: number): ReadonlyArray<LogEntry> {
    const due = now >= this.#nextDueAt ? this.#takeDue(now, false) : []
    if (this.#every === 0 || (entry.level !== "warn" && entry.level !== "error")) return [...due, entry]
    const key = sameness(entry)
    const known = this.#known.get(key)
    if (known !== undefined) {
      known.repeated += 1
      known.last = entry
      return due
    }
    if (this.#known.size < MOST_REMEMBERED) {
      const dueAt = now + this.#every
      this.#known.set(key, { dueAt, repeated: 0, last: entry })
      this.#nextDueAt = Math.min(this.#nextDueAt, dueAt)
    }
    return [...due, entry]
  }

  /** What has not been told yet, at the end. */
  rest(now: number): ReadonlyArray<LogEntry> {
    return this.#takeDue(now, true)
  }

  #takeDue(now: number, all: boolean): ReadonlyArray<LogEntry> {
    const due: Array<LogEntry> = []
    this.#nextDueAt = Number.POSITIVE_INFINITY
    for (const [key, repeat] of this.#known) {
      if (all || now >= repeat.dueAt) {
        if (repeat.repeated > 0) due.push(collapsed(repeat, now))
        if (repeat.repeated === 0 || all) {
          this.#known.delete(key)
          continue
        }
        repeat.repeated = 0
        repeat.dueAt = now + this.#every
      }
      this.#nextDueAt = Math.min(this.#nextDueAt, repeat.dueAt)
    }
    return due
  }
}
