/** The count that everything is judged by: which records of the source are searchable, once, twice or not at all. */

import type { Timeline } from "./msp/Timeline.ts"
import { numberOf, type PackedSerial, SERIAL_KINDS, type SerialKind } from "./serials.ts"

export interface Tally {
  /** Records that the source has; those held back are not there yet. */
  readonly source: number
  /** Records of it with at least one searchable document. */
  readonly searchable: number
  /** `source` less `searchable`. */
  readonly lost: number
  /** Records with more than one. */
  readonly duplicated: number
}

export interface Truth extends Tally {
  readonly byKind: Readonly<Record<SerialKind, Tally>>
  /** The first few that are lost, e.g. `flows 1234`. */
  readonly missing: ReadonlyArray<string>
  /** When the last one became searchable, epoch milliseconds; unknown for a real OpenSearch. */
  readonly lastSearchableAt: number | undefined
}

const MOST_NAMED = 20
const MOST_COPIES = 255

export interface Count {
  readonly add: (serial: PackedSerial) => void
  readonly truth: (lastSearchableAt: number | undefined) => Truth
}

/** Takes the serial of each searchable document and then compares with the source. */
export const makeCount = (source: Readonly<Record<SerialKind, Timeline>>): Count => {
  const copies: Record<SerialKind, Uint8Array> = {
    flows: new Uint8Array(source.flows.total()),
    alarms: new Uint8Array(source.alarms.total()),
  }
  return {
    add: (serial) => {
      for (const kind of SERIAL_KINDS) {
        const number = numberOf(serial, kind)
        if (number === undefined) continue
        const seen = copies[kind][number] ?? MOST_COPIES
        if (seen < MOST_COPIES) copies[kind][number] = seen + 1
      }
    },
    truth: (lastSearchableAt) => {
      const missing: Array<string> = []
      const tally = (kind: SerialKind): Tally => {
        const counted = { source: 0, searchable: 0, duplicated: 0 }
        for (const [number, seen] of copies[kind].entries()) {
          if (!source[kind].isAvailable(number)) continue
          counted.source += 1
          if (seen > 0) counted.searchable += 1
          else if (missing.length < MOST_NAMED) missing.push(`${kind} ${number}`)
          if (seen > 1) counted.duplicated += 1
        }
        return { ...counted, lost: counted.source - counted.searchable }
      }
      const byKind = { flows: tally("flows"), alarms: tally("alarms") }
      const sum = (key: keyof Tally) => byKind.flows[key] + byKind.alarms[key]
      return {
        source: sum("source"),
        searchable: sum("searchable"),
        lost: sum("lost"),
        duplicated: sum("duplicated"),
        byKind,
        missing,
        lastSearchableAt,
      }
    },
  }
}
