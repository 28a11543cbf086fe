/**
 * What every end-to-end test asserts, counted over the serials of the simulated source and never over Waybill's own
 * ids: source = searchable + dead letters, nothing twice, and no checkpoint ahead of the index when it was written.
 */
import { Effect, FileSystem, Path } from "effect"
import type { SimulatedIndexer } from "../../src/demo/indexer/SimulatedIndexer.ts"
import { numberOf, SERIAL_KINDS, type SerialKind, serialIn } from "../../src/demo/serials.ts"
import type { World } from "../../src/demo/World.ts"
import type { Checkpoint } from "../../src/domain/Checkpoint.ts"

/** A record by what the source calls it, e.g. `flows 12`. */
export type RecordName = string

export const nameOf = (serial: number): RecordName | undefined => {
  for (const kind of SERIAL_KINDS) {
    const number = numberOf(serial, kind)
    if (number !== undefined) return `${kind} ${number}`
  }
  return undefined
}

export interface DeadLetterSeen {
  readonly record: RecordName | undefined
  readonly reason: string
  /** Epoch milliseconds. */
  readonly at: number
}

const LETTER = /^failed_\d+_\d+\.json$/
const TIMESTAMP = /"timestamp":"([^"]+)"/
const REASON = /"reason":"([^"]+)"/

/** Reads the folder of dead letters; a file that was read once is not read again. */
export const makeDeadLetterReader = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const known = new Map<string, DeadLetterSeen>()
  return Effect.gen(function* () {
    for (const name of yield* fs.readDirectory(folder)) {
      if (known.has(name) || !LETTER.test(name)) continue
      const text = yield* fs.readFileString(path.join(folder, name))
      known.set(name, {
        record: nameOf(serialIn(text)),
        reason: REASON.exec(text)?.[1] ?? "",
        at: Date.parse(TIMESTAMP.exec(text)?.[1] ?? ""),
      })
    }
    return [...known.values()]
  }).pipe(Effect.orElseSucceed(() => [...known.values()]))
})

/** When each copy of a record becomes searchable, epoch milliseconds, by the record's name. */
export type Arrivals = ReadonlyMap<RecordName, ReadonlyArray<number>>

export const arrivalsIn = (indexer: SimulatedIndexer): Arrivals => {
  const found = new Map<RecordName, Array<number>>()
  const { serial, visibleAt } = indexer.store.columns
  for (const [row, one] of serial.entries()) {
    const name = one === -1 ? undefined : nameOf(one)
    if (name === undefined) continue
    const times = found.get(name)
    if (times === undefined) found.set(name, [visibleAt[row] ?? Infinity])
    else times.push(visibleAt[row] ?? Infinity)
  }
  return found
}

const kindOf = (feed: string): SerialKind | undefined =>
  SERIAL_KINDS.find((kind) => feed.endsWith(`/${kind}`))

/**
 * The records that a checkpoint passed although they were neither searchable nor dead at the moment it was made.
 * `late`: records that the source did not show yet by then.
 */
export const aheadOf = (
  world: World,
  found: Arrivals,
  letters: ReadonlyArray<DeadLetterSeen>,
  late: ReadonlySet<RecordName>,
  checkpoint: Checkpoint,
): ReadonlyArray<string> => {
  const kind = kindOf(checkpoint.feed)
  const { position } = checkpoint
  if (kind === undefined || position.kind !== "time") return []
  const committedAt = Date.parse(checkpoint.committed_at)
  const dead = new Set(letters.filter(({ at }) => at <= committedAt).map(({ record }) => record))
  const timeline = world.msp[kind]
  const ahead: Array<string> = []
  for (let i = 0; i < timeline.total() && timeline.timeOf(i) < position.up_to; i++) {
    const name = `${kind} ${i}`
    if (late.has(name) || !timeline.isAvailable(i) || dead.has(name)) continue
    if (!(found.get(name) ?? []).some((at) => at <= committedAt))
      ahead.push(`${name} was not searchable when the checkpoint passed it at ${checkpoint.committed_at}`)
  }
  return ahead
}

export interface Equation {
  readonly source: number
  readonly searchable: number
  readonly dead: number
  /** Neither searchable nor dead. */
  readonly lost: ReadonlyArray<RecordName>
  /** Searchable more than once, or searchable and dead, or dead more than once. */
  readonly twice: ReadonlyArray<RecordName>
}

/** @param now epoch milliseconds */
export const equationOf = (
  world: World,
  found: Arrivals,
  letters: ReadonlyArray<DeadLetterSeen>,
  now: number,
): Equation => {
  const deaths = Map.groupBy(letters, ({ record }) => record)
  const lost: Array<RecordName> = []
  const twice: Array<RecordName> = []
  const counted = { source: 0, searchable: 0, dead: 0 }
  for (const kind of SERIAL_KINDS) {
    const timeline = world.msp[kind]
    for (let i = 0; i < timeline.total(); i++) {
      if (!timeline.isAvailable(i)) continue
      const name = `${kind} ${i}`
      const copies = (found.get(name) ?? []).filter((at) => at <= now).length
      const dead = deaths.get(name)?.length ?? 0
      counted.source += 1
      if (copies > 0) counted.searchable += 1
      if (dead > 0) counted.dead += 1
      if (copies + dead === 0) lost.push(name)
      if (copies + dead > 1) twice.push(name)
    }
  }
  return { ...counted, lost, twice }
}
