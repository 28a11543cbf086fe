/**
 * Gathers the evidence that `loss.ts` judges: what was written later, what of it has been seen, and on which shards.
 *
 * Plain mutable state with one owner, as `Outstanding`.
 */
import type { Indexed, Place } from "../indexer/Indexer.ts"
import { type Judgement, judge, OPEN } from "./loss.ts"
import { earliest, type Outstanding, type Waiting } from "./Outstanding.ts"
import { isWitness, type Later, type Progress, type Registered } from "./progress.ts"
import type { Evidence } from "./Verifier.ts"

/** Some ids of one write that arrived together. */
interface Seen extends Later {
  readonly ids: ReadonlyArray<string>
}

interface Part {
  readonly one: Waiting
  readonly ids: ReadonlyArray<string>
}

/** One search for missing events and witnesses together. */
export interface ProofQuestion extends Indexed {
  readonly parts: ReadonlyArray<Part>
  readonly witnesses: ReadonlyMap<string, Later>
}

export interface Finding {
  readonly judgement: Judgement
  readonly witnesses: number
}

/** Of one write, per answer. Enough for a volley, whose canaries may lie on many shards. */
const MOST_SEEN = 64
/** In one search. A hit is explained by going through all ids again, so their product is the cost. */
const MOST_WITNESSES = 200
const MOST_MISSING = 500
/** What is written within this time of the end of a write shares its fate in an outage. */
const NEARBY_MILLIS = 2000

const everyNth = <A>(all: ReadonlyArray<A>, most: number): ReadonlyArray<A> => {
  const step = Math.ceil(all.length / most)
  // From the end, since the newest is a witness for all.
  return step <= 1 ? all : all.filter((_, n) => (all.length - 1 - n) % step === 0)
}

export class Proof {
  readonly #progress = new Map<Waiting, Progress>()
  readonly #firstSeenAt = new Map<string, number>()
  #seen: ReadonlyArray<Seen> = []
  #registered: Array<Registered> = []
  #front: Later = { number: 0, startedAt: Number.NEGATIVE_INFINITY }
  /** The highest wall time seen. */
  #clock = Number.NEGATIVE_INFINITY
  #isNews = false
  readonly #longGraceMillis: number

  /** @param longGraceMillis waited for an event that may lie in an index that nothing new is written to */
  constructor(longGraceMillis: number) {
    this.#longGraceMillis = longGraceMillis
  }

  get writes(): Iterable<readonly [Waiting, Progress]> {
    return this.#progress
  }

  get registered(): ReadonlyArray<Registered> {
    return this.#registered
  }

  /** @param now monotonic milliseconds, as everywhere here */
  add(one: Waiting, now: number): void {
    const { startedAt, writtenAt, ids } = one.written
    this.#clock = Math.max(this.#clock, writtenAt)
    this.#registered.push({ number: one.number, startedAt, ids: ids.length, at: now })
    this.#progress.set(one, {
      laterThan: this.#clock,
      addedAt: now,
      passedAt: undefined,
      settled: undefined,
      coveredAt: undefined,
      neighbours: 0,
    })
  }

  remove(one: Waiting): void {
    this.#progress.delete(one)
  }

  /** Whether the chain moved past a write so long ago that what is missing of it is probably lost. */
  isOverdue = (one: Waiting): boolean => this.#progress.get(one)?.settled !== undefined

  /** Some events of a write have become searchable. */
  reached({ number, written: { startedAt } }: Waiting): void {
    if (startedAt > this.#front.startedAt) this.#front = { number, startedAt }
  }

  /** A search has returned these events of a write. */
  saw(one: Waiting, ids: ReadonlyArray<string>): void {
    const { startedAt } = one.written
    const { number } = one
    this.#isNews = true
    this.#seen = [...this.#seen, { number, startedAt, ids: ids.slice(-MOST_SEEN) }]
    this.reached(one)
    for (const progress of this.#progress.values())
      if (startedAt > progress.laterThan && startedAt <= progress.laterThan + NEARBY_MILLIS)
        progress.neighbours += ids.length
  }

  /** Moves each proof on as far as what has been seen allows. Answers the canaries that are of no more use. */
  advance(
    outstanding: Outstanding,
    wallNow: number,
    now: number,
    graceMillis: number,
  ): ReadonlyArray<Waiting> {
    this.#clock = Math.max(this.#clock, wallNow)
    const oldest = this.#progress.keys().next().value?.number ?? Number.POSITIVE_INFINITY
    this.#registered = this.#registered.filter(({ number }) => number >= oldest)
    const spent: Array<Waiting> = []
    for (const [one, progress] of this.#progress) {
      if (
        progress.passedAt === undefined &&
        this.#front.number > one.number &&
        this.#front.startedAt > progress.laterThan
      )
        progress.passedAt = now
      if (
        progress.passedAt === undefined ||
        progress.settled !== undefined ||
        now - progress.passedAt < graceMillis
      )
        continue
      progress.settled = { number: outstanding.last, startedAt: this.#clock, at: now }
      if (one.kind === "canary") spent.push(one)
    }
    return spent
  }

  /** Searches that could prove something now. None while nothing new has arrived. */
  questions(now: number): ReadonlyArray<ProofQuestion> {
    const open = [...this.#progress].filter(([one]) => one.kind === "barrier" || one.missing.size > 0)
    const settled = open.filter(([one, { settled }]) => one.kind !== "canary" && settled !== undefined)
    // What has been seen by now began before now, so it can be no witness for what settles later.
    this.#seen = this.#seen.filter((seen) => settled.some(([, progress]) => isWitness(progress, seen)))
    const isDue = settled.some(
      ([, { coveredAt }]) => coveredAt !== undefined && now - coveredAt >= this.#longGraceMillis,
    )
    if (!this.#isNews && !isDue) return []
    this.#isNews = false
    const ripe = settled.filter(([, progress]) => this.#seen.some((seen) => isWitness(progress, seen)))
    return ripe.length === 0 ? [] : this.#ask(ripe.map(([one]) => one))
  }

  #ask(ripe: ReadonlyArray<Waiting>): ReadonlyArray<ProofQuestion> {
    const writes = everyNth(this.#seen, MOST_WITNESSES / 4)
    const each = Math.floor(MOST_WITNESSES / writes.length)
    const witnesses = new Map<string, Later>(
      writes.flatMap(({ ids, ...later }) => ids.slice(0, each).map((id) => [id, later] as const)),
    )
    const parts = ripe.flatMap((one): ReadonlyArray<Part> => {
      const ids = [...one.missing]
      const slices = Math.max(1, Math.ceil(ids.length / MOST_MISSING))
      return Array.from({ length: slices }, (_, n) => ({
        one,
        ids: ids.slice(n * MOST_MISSING, (n + 1) * MOST_MISSING),
      }))
    })
    const groups: Array<Array<Part>> = []
    let size = MOST_MISSING
    for (const part of parts) {
      const group = groups.at(-1)
      if (group === undefined || size + part.ids.length > MOST_MISSING) {
        groups.push([part])
        size = part.ids.length
      } else {
        group.push(part)
        size += part.ids.length
      }
    }
    return groups.map((group) => ({
      parts: group,
      witnesses,
      ids: [...group.flatMap(({ ids }) => ids), ...witnesses.keys()],
      since: earliest(group.map(({ one }) => one)),
    }))
  }

  /** Something was seen in these indices. */
  sighted(places: ReadonlyArray<Place>, wallNow: number): void {
    for (const { index } of places)
      if (!this.#firstSeenAt.has(index)) this.#firstSeenAt.set(index, Math.max(this.#clock, wallNow))
  }

  /** What one answer says about each of its parts. */
  findings(
    question: ProofQuestion,
    places: ReadonlyArray<Place>,
    shardsOf: ReadonlyMap<string, number>,
  ): ReadonlyArray<readonly [Waiting, Finding]> {
    const found = new Set(places.map(({ id }) => id))
    return question.parts.map(({ one, ids }) => {
      const progress = this.#progress.get(one)
      const witnesses = places.filter(({ id }) => {
        const later = question.witnesses.get(id)
        return progress !== undefined && later !== undefined && isWitness(progress, later)
      })
      // One of them has come after all: the next look will say which are still missing.
      const judgement = ids.some((id) => found.has(id))
        ? OPEN
        : judge({
            startedAt: one.written.startedAt,
            places: witnesses,
            shardsOf,
            firstSeenAt: this.#firstSeenAt,
          })
      return [one, { judgement, witnesses: witnesses.length }]
    })
  }

  /**
   * The evidence, if the findings about all parts of a write are enough.
   *
   * @param begunAt when the first of the searches began, `now` when the last one had ended
   */
  conclude(
    one: Waiting,
    findings: ReadonlyArray<Finding>,
    times: { readonly begunAt: number; readonly now: number; readonly wallNow: number },
  ): Omit<Evidence, "graceMillis"> | undefined {
    const progress = this.#progress.get(one)
    if (progress === undefined) return undefined
    const { coveredAt } = progress
    const isLongPast = coveredAt !== undefined && times.begunAt - coveredAt >= this.#longGraceMillis
    let index = ""
    for (const { judgement } of findings) {
      if (judgement._tag === "Open") return undefined
      if (judgement._tag === "Covered" && one.kind !== "barrier" && !isLongPast) {
        progress.coveredAt ??= times.now
        return undefined
      }
      index = judgement.index
    }
    return {
      laterConfirmed: Math.min(...findings.map(({ witnesses }) => witnesses)),
      index,
      shards: 0,
      since: times.wallNow,
      neighbours: progress.neighbours + one.written.ids.length - one.missing.size,
    }
  }
}
