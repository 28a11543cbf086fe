/**
 * Notices that nothing arrives any more although something is out, and what became of it when that ends.
 *
 * Times are monotonic milliseconds.
 */
import type { Waiting } from "./Outstanding.ts"

export interface Recovery {
  readonly lastedMillis: number
  /** Events that were out meanwhile and arrived after all, and those that are proven lost. */
  readonly late: number
  readonly lost: number
}

const SAY_AGAIN_MILLIS = 60_000

export class Stall {
  /** Since when something is out and nothing arrives. */
  #quietSince: number | undefined
  #stalled: { readonly since: number; saidAt: number } | undefined
  /** The stall before, until everything that was out in it is settled. */
  #over: { readonly since: number; readonly until: number } | undefined
  #late = 0
  #lost = 0
  #lastArrival: number | undefined

  /** Since when it is stalled; undefined while it is not. */
  get since(): number | undefined {
    return this.#stalled?.since
  }

  get lastArrival(): number | undefined {
    return this.#lastArrival
  }

  arrived(now: number): void {
    this.#quietSince = undefined
    this.#lastArrival = now
    if (this.#stalled === undefined) return
    this.#over = { since: this.#over?.since ?? this.#stalled.since, until: now }
    this.#stalled = undefined
  }

  /** A write is settled: so many of its events have arrived, so many are lost. */
  settled(one: Waiting, lost: number): void {
    if (!one.stalled || one.kind !== "events") return
    this.#late += one.written.ids.length - lost
    this.#lost += lost
  }

  /**
   * Whether to say now that nothing arrives.
   *
   * @param isWriterHeld whether events wait for a writer that takes none: they are not out yet, and do not arrive either
   */
  look(out: ReadonlyArray<Waiting>, isWriterHeld: boolean, now: number, thresholdMillis: number): boolean {
    if (out.length === 0 && !isWriterHeld) {
      this.#quietSince = undefined
      this.#stalled = undefined
      return false
    }
    this.#quietSince ??= now
    if (now - this.#quietSince < thresholdMillis) return false
    for (const one of out) one.stalled = true
    this.#stalled ??= { since: this.#quietSince, saidAt: Number.NEGATIVE_INFINITY }
    if (now - this.#stalled.saidAt < SAY_AGAIN_MILLIS) return false
    this.#stalled.saidAt = now
    return true
  }

  /** What a stall has come to, once. */
  recovery(out: ReadonlyArray<Waiting>): Recovery | undefined {
    if (this.#over === undefined || this.#stalled !== undefined || out.some(({ stalled }) => stalled))
      return undefined
    const recovery = { lastedMillis: this.#over.until - this.#over.since, late: this.#late, lost: this.#lost }
    this.#over = undefined
    this.#late = 0
    this.#lost = 0
    return recovery
  }
}
