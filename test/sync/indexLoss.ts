/** An index that is put back to an older state, as an administrator does who deletes indices or restores a snapshot. */
import { Clock, Effect } from "effect"
import { documentOf } from "../../src/demo/indexer/document.ts"
import type { SimulatedIndexer } from "../../src/demo/indexer/SimulatedIndexer.ts"

/** Takes the events with the latest own times out. The indexer must keep documents. */
export const loseNewest = Effect.fnUntraced(function* ({ store }: SimulatedIndexer, count: number) {
  const { eventTime, source } = store.columns
  const ours = [...eventTime.keys()].filter((row) => store.keyword(row, 1) === "firewalla-msp")
  const oldestFirst = ours.toSorted((a, b) => (eventTime[a] ?? 0) - (eventTime[b] ?? 0))
  const kept = oldestFirst.slice(0, oldestFirst.length - count).map((row) => JSON.stringify(source[row]))
  store.clear()
  const now = yield* Clock.currentTimeMillis
  for (const line of kept) {
    const made = documentOf(line)
    if (made !== undefined) store.add(made.document, made.source, now)
  }
  store.refresh(now)
})
