import { assert, describe, it } from "@effect/vitest"
import { Duration, Stream } from "effect"
import type { Decision } from "../../src/sync/decide.ts"
import { findingOf } from "../../src/sync/finding.ts"

const HOUR = 3_600_000
const NOW = 800 * HOUR
const flows = {
  retention: Duration.days(30),
  history: { firstRun: Duration.hours(1), between: () => Stream.empty },
}
const devices = {}
const noData = (missing?: number): Decision => ({ _tag: "NoData", missing })
const ahead = (newest: number): Decision => ({ _tag: "IndexerAhead", newest })
const rewound: Decision = {
  _tag: "Rewound",
  from: 20 * HOUR,
  to: 12 * HOUR,
  checkpoint: {
    version: 1,
    feed: "f",
    position: { kind: "time", up_to: 12 * HOUR },
    newest: null,
    confirmed: 0,
  },
}

describe("findingOf", () => {
  for (const [what, feed, decision, isFirstRun, begins, alert] of [
    ["in-sync", flows, { _tag: "InSync" }, false, "in-sync: ", undefined],
    [
      "a rewind",
      flows,
      rewound,
      false,
      "rewound from 1970-01-01T20:00:00.000Z to 1970-01-01T12:00:00.000Z: ",
      "gap_found",
    ],
    ["a fresh deployment", flows, noData(), true, "no data: no checkpoint", undefined],
    ["a feed without an event", flows, noData(), false, "no data: neither", undefined],
    ["an emptied index", flows, noData(799 * HOUR), false, "no data: the index does not have", "error"],
    [
      "one that lacks what the source has not either",
      flows,
      noData(0),
      false,
      "no data: the index",
      undefined,
    ],
    ["an inventory's lost change", devices, noData(799 * HOUR), false, "no data: the index", undefined],
    ["a commit that a crash prevented", flows, ahead(799 * HOUR), false, "indexer ahead: ", undefined],
    ["a lost state", flows, ahead(798 * HOUR), true, "indexer ahead: ", "error"],
    ["a crash in the first run", flows, ahead(799.5 * HOUR), true, "indexer ahead: ", undefined],
    ["an inventory's lost state", devices, ahead(5 * HOUR), true, "indexer ahead: ", undefined],
  ] as const)
    it(`${what}: ${alert === undefined ? "no alert" : alert}`, () => {
      const finding = findingOf(feed, decision, isFirstRun, NOW)
      assert.isTrue(finding.text.startsWith(begins), finding.text)
      assert.isTrue(finding.text.startsWith(finding.outcome))
      assert.strictEqual(finding.alert?.kind, alert)
    })

  it("gives the bounds of a rewind in the order of time", () => {
    const { alert, fields } = findingOf(flows, rewound, false, NOW)
    assert.deepStrictEqual([alert?.fields.from, alert?.fields.to], [fields.to, fields.from])
  })
})
