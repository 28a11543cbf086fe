import { assert, describe, it } from "@effect/vitest"
import { HISTORY_MILLIS, LagHistory, SAMPLE_MILLIS } from "../../src/status/LagHistory.ts"

describe("LagHistory", () => {
  it("keeps the longest lag of each stretch of time, and nothing for a time without any", () => {
    const history = new LagHistory()
    history.add(30_000, 800)
    history.add(44_999, 5000)
    history.add(44_999, 100)
    history.add(90_000, 700)
    assert.deepStrictEqual(history.samples(100_000), [
      { at: 30_000, lagMillis: 5000 },
      { at: 90_000, lagMillis: 700 },
    ])
  })

  it("is an hour long, however many batches are confirmed and however long nobody looks", () => {
    const history = new LagHistory()
    const end = 3 * HISTORY_MILLIS
    for (let now = 0; now < end; now += SAMPLE_MILLIS / 3) history.add(now, now)
    const samples = history.samples(end - 1)
    assert.lengthOf(samples, HISTORY_MILLIS / SAMPLE_MILLIS)
    assert.strictEqual(samples[0]?.at, end - HISTORY_MILLIS)
    assert.lengthOf(history.samples(end + HISTORY_MILLIS), 0)
  })

  it("is in the order of time although the clock was put back", () => {
    const history = new LagHistory()
    history.add(60_000, 1)
    history.add(30_000, 2)
    assert.deepStrictEqual(
      history.samples(60_000).map(({ at }) => at),
      [30_000, 60_000],
    )
  })
})
