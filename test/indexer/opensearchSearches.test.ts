import { assert, describe, it } from "@effect/vitest"
import {
  ALERT_FIELDS,
  batchesSearch,
  betweenSearch,
  copiesSearch,
  countSearch,
  inQueries,
  MOST_IDS,
  manyInBatchesSearch,
  newestSearch,
  placesSearch,
  tallySearch,
} from "../../src/indexer/opensearchSearches.ts"

const FILTER = [
  { terms: { "data.event_id": ["a", "b"] } },
  { range: { "@timestamp": { gte: 1_771_787_584_123, format: "epoch_millis" } } },
]

describe("inQueries", () => {
  const cases: ReadonlyArray<[string, ReadonlyArray<string>, number, ReadonlyArray<ReadonlyArray<string>>]> =
    [
      ["no ids are no query", [], 2, []],
      ["as many as fit are one query", ["a", "b"], 2, [["a", "b"]]],
      ["one more is a second", ["a", "b", "c"], 2, [["a", "b"], ["c"]]],
      ["an id given twice is asked for once", ["a", "b", "a"], 2, [["a", "b"]]],
      ["a size of nothing still goes on", ["a", "b"], 0, [["a"], ["b"]]],
    ]
  for (const [name, ids, most, expected] of cases) {
    it(name, () => assert.deepStrictEqual(inQueries(ids, most), expected))
  }

  it("never asks for more than a node takes", () => {
    const ids = Array.from({ length: MOST_IDS + 1 }, (_, n) => String(n))
    assert.deepStrictEqual(
      inQueries(ids, 1_000_000).map((query) => query.length),
      [MOST_IDS, 1],
    )
  })
})

describe("searches", () => {
  it("a count is a filter without hits, and exact", () => {
    assert.deepStrictEqual(countSearch(ALERT_FIELDS, ["a", "b"], 1_771_787_584_123), {
      size: 0,
      track_total_hits: true,
      query: { bool: { filter: FILTER } },
    })
  })

  it("copies have room for a bucket of every id", () => {
    const search = copiesSearch(ALERT_FIELDS, ["a", "b"], 1_771_787_584_123)
    assert.deepStrictEqual(search.query, { bool: { filter: FILTER } })
    assert.strictEqual(
      JSON.stringify(search.aggs),
      '{"each":{"terms":{"field":"data.event_id","size":2,"execution_hint":"map"}}}',
    )
  })

  it("the newest event is bounded by time only when a time is given", () => {
    const filters = (since?: number) => {
      const filter = newestSearch(ALERT_FIELDS, {
        source: "s",
        eventType: "flow",
        ...(since === undefined ? {} : { since }),
      }).query?.bool?.filter
      return JSON.stringify(filter)
    }
    assert.notInclude(filters(), "range")
    assert.include(filters(7), '{"range":{"@timestamp":{"gte":7,"format":"epoch_millis"}}}')
  })
})

it("other fields, as Wazuh 5 may have them, take the place of all those of an alert", () => {
  const fields = {
    id: "event.id",
    arrival: "wazuh.arrival",
    eventTime: "event.start",
    source: "event.module",
    eventType: "event.kind",
    batch: "event.batch",
  }
  const searches = JSON.stringify([
    copiesSearch(fields, ["a"], 0),
    placesSearch(fields, ["a"], 0),
    tallySearch(fields, ["b"], 0),
    batchesSearch(fields, ["b"], 0),
    manyInBatchesSearch(fields, ["b"], 0),
    betweenSearch(fields, { eventType: "flow", from: 0, to: 1, since: 0 }),
    newestSearch(fields, { source: "s", eventType: "flow", since: 0 }),
  ])
  assert.notInclude(searches, "data.")
  assert.notInclude(searches, "@timestamp")
  for (const field of Object.values(fields)) assert.include(searches, `"${field}"`)
})
