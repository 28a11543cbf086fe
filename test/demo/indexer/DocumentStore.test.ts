import { assert, describe, it } from "@effect/vitest"
import { type DocumentStore, makeDocumentStore } from "../../../src/demo/indexer/DocumentStore.ts"
import { type Document, KEYWORDS } from "../../../src/demo/indexer/document.ts"
import { count } from "../../../src/demo/indexer/search.ts"

const document = (eventId: string): Document => ({
  index: "wazuh-alerts-4.x-2026.02.22",
  arrived: 0,
  eventId,
  eventTime: 0,
  keywords: KEYWORDS.map(() => ""),
  serial: -1,
})

const NOW = 1_000_000
const filled = (refreshInterval: number) => {
  const store = makeDocumentStore({ refreshInterval, keepDocuments: false })
  for (let i = 0; i < 300; i++) store.add(document(`id-${i}`), undefined, NOW)
  return store
}
const visible = (store: DocumentStore, now: number) => {
  const answer = count(store, new Set([0]), {}, now)
  return typeof answer === "object" && answer !== null && "count" in answer ? answer.count : undefined
}

describe("DocumentStore", () => {
  it("shows documents shard by shard, each from its own next refresh on", () => {
    const store = filled(5_000)
    const moments = [...new Set(store.columns.visibleAt)].toSorted((a, b) => a - b)
    // Shards refresh at 0, 1,667 and 3,334 ms of each 5 s.
    assert.deepStrictEqual(moments, [NOW + 1_667, NOW + 3_334, NOW + 5_000])
    assert.strictEqual(visible(store, NOW), 0)
    const seen = moments.flatMap((moment) => [visible(store, moment - 1), visible(store, moment)])
    assert.strictEqual(seen[0], 0)
    assert.strictEqual(seen[5], 300)
    assert.strictEqual(seen[1], seen[2])
    assert.isAbove(Number(seen[1]), 60)
    assert.isAbove(Number(seen[3]) - Number(seen[2]), 60)
  })

  it("shows nothing without a refresh when there is no interval, and everything with one", () => {
    const store = filled(Infinity)
    assert.strictEqual(visible(store, NOW * 1_000), 0)
    store.refresh(NOW)
    assert.strictEqual(visible(store, NOW), 300)
  })

  it("changes the interval for what comes later", () => {
    const store = filled(5_000)
    store.setRefreshInterval(60_000, NOW)
    store.add(document("late"), undefined, NOW)
    assert.isAbove(store.columns.visibleAt.at(-1) ?? 0, NOW + 5_000)
  })

  it("never shows what came to a shard later and not what came before, though the interval changes", () => {
    const store = filled(60_000)
    store.setRefreshInterval(250, NOW + 10)
    for (let i = 0; i < 300; i++) store.add(document(`later-${i}`), undefined, NOW + 20)
    const { visibleAt } = store.columns
    for (const shard of [0, 1, 2]) {
      const rows = [...visibleAt.keys()].filter((row) => store.shardOf(row) === shard)
      const times = rows.map((row) => visibleAt[row] ?? 0)
      assert.deepStrictEqual(
        times,
        times.toSorted((a, b) => a - b),
      )
    }
  })

  it("knows every copy of an id", () => {
    const store = filled(0)
    store.add(document("id-7"), undefined, NOW)
    store.add(document("id-7"), undefined, NOW)
    assert.deepStrictEqual(store.rowsOf("id-7"), [7, 300, 301])
    assert.deepStrictEqual(store.rowsOf("none"), [])
  })
})
