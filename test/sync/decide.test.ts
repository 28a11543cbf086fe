import { assert, describe, it } from "@effect/vitest"
import type { Checkpoint } from "../../src/domain/Checkpoint.ts"
import { type Decision, decide, type InIndex } from "../../src/sync/decide.ts"

const at = (time: string) => Date.parse(`2026-02-22T${time}Z`)
const checkpointWith = (changes: Partial<Checkpoint>): Checkpoint => ({
  version: 1,
  feed: "firewalla-msp/flows",
  position: { kind: "time", up_to: at("19:13:00") },
  newest: { id: "newest", time: at("19:12:30.500") },
  confirmed: 7,
  committed_at: "2026-02-22T19:14:00.000Z",
  ...changes,
})
const time = checkpointWith({})
const inventory = checkpointWith({ position: { kind: "inventory", generation: 3, devices: [] } })
const sequence = checkpointWith({ position: { kind: "sequence", up_to: 17 } })
const quiet = checkpointWith({ newest: null, confirmed: 0 })

const index = (newest: string | undefined, hasCheckpointsNewest = false): InIndex => ({
  newest: newest === undefined ? undefined : { id: "in-index", timeMillis: at(newest) },
  hasCheckpointsNewest,
})
const rewoundTo = (to: string, newest: string): Decision => ({
  _tag: "Rewound",
  from: at("19:13:00"),
  to: at(to),
  checkpoint: {
    version: 1,
    feed: "firewalla-msp/flows",
    position: { kind: "time", up_to: at(to) },
    newest: { id: "in-index", time: at(newest) },
    confirmed: 7,
  },
})
const ahead = (newest: string): Decision => ({ _tag: "IndexerAhead", newest: at(newest) })
const lost: Decision = { _tag: "NoData", missing: at("19:12:30.500") }

const CASES: ReadonlyArray<readonly [string, Checkpoint | undefined, InIndex, Decision]> = [
  ["fresh deployment", undefined, index(undefined), { _tag: "NoData", missing: undefined }],
  ["no checkpoint, events in the index", undefined, index("12:00:00"), ahead("12:00:00")],
  ["nothing was ever to be had", quiet, index(undefined), { _tag: "NoData", missing: undefined }],
  ["the index has the newest", time, index("19:12:30.500", true), { _tag: "InSync" }],
  ["a crash came before the commit", time, index("19:12:59", true), ahead("19:12:59")],
  ["the index was emptied", time, index(undefined), lost],
  ["the index has lost the end", time, index("12:33:21.750"), rewoundTo("12:33:21", "12:33:21.750")],
  // A whole second: the source is asked for whole seconds, and others may have happened in it.
  ["…within the second", time, index("19:12:30.400"), rewoundTo("19:12:30", "19:12:30.400")],
  ["a hole: later events are there", time, index("19:12:45"), rewoundTo("19:12:30", "19:12:45")],
  ["the index is far ahead, with a hole", time, index("23:00:00"), rewoundTo("19:12:30", "23:00:00")],
  [
    "never forward, whatever the checkpoint knows",
    checkpointWith({ newest: { id: "n", time: at("20:00:00") } }),
    index("21:00:00"),
    rewoundTo("19:13:00", "21:00:00"),
  ],
  ["a quiet feed, an older index", quiet, index("12:00:00"), { _tag: "InSync" }],
  ["a quiet feed, an index that is ahead", quiet, index("19:14:00"), ahead("19:14:00")],
  ["devices: the index has the newest", inventory, index("19:12:30.500", true), { _tag: "InSync" }],
  ["devices: the index has lost it, and an inventory has no past", inventory, index("12:00:00"), lost],
  ["devices: the index was emptied", inventory, index(undefined), lost],
  ["pushed: the index has the newest", sequence, index("19:12:30.500", true), { _tag: "InSync" }],
  ["pushed: the index has lost it, and what was settled is not kept", sequence, index("12:00:00"), lost],
  [
    "devices: no change yet, older ones in the index",
    { ...inventory, newest: null },
    index("12:00:00"),
    { _tag: "InSync" },
  ],
]

describe("decide", () => {
  for (const [what, checkpoint, inIndex, expected] of CASES) {
    it(`${what}: ${expected._tag}`, () => {
      assert.deepStrictEqual(decide(checkpoint, inIndex), expected)
    })
  }
})
