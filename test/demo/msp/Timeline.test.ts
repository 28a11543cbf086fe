import { assert, describe, it } from "@effect/vitest"
import { makeTimeline } from "../../../src/demo/msp/Timeline.ts"

const END = 1_780_000_000_000
const timelineOf = (count: number, spanMillis: number) =>
  makeTimeline({ count, spanMillis, endsAt: END, seed: 1 })

describe("Timeline", () => {
  for (const [count, hours] of [
    [49_000, 30],
    [490_000, 30],
    [7, 1],
    [1, 1],
  ] as const) {
    it(`${count} records over ${hours} h never go back in time and end before the end`, () => {
      const timeline = timelineOf(count, hours * 3_600_000)
      let last = END - hours * 3_600_000
      for (let i = 0; i < count; i++) {
        const time = timeline.timeOf(i)
        if (time < last) assert.fail(`record ${i} lies before record ${i - 1}`)
        last = time
      }
      assert.isBelow(last, END)
    })
  }

  it("appends in order even when the clock goes back", () => {
    const timeline = timelineOf(10, 1_000)
    const first = timeline.append(END + 50)
    const second = timeline.append(END + 20)
    assert.deepStrictEqual([first, second], [10, 11])
    assert.strictEqual(timeline.timeOf(second), END + 50)
    assert.strictEqual(timeline.total(), 12)
  })

  it("finds by time what a walk over all would find", () => {
    const timeline = timelineOf(500, 600_000)
    for (const [from, to] of [
      [10, 20],
      [0, 499],
      [37, 37],
    ] as const) {
      const range = {
        from: timeline.timeOf(from) / 1000,
        to: timeline.timeOf(to) / 1000,
        order: "asc",
      } as const
      const walked = Array.from({ length: 500 }, (_, i) => i).filter(
        (i) => timeline.timeOf(i) / 1000 >= range.from && timeline.timeOf(i) / 1000 <= range.to,
      )
      assert.deepStrictEqual(timeline.numbers(range, undefined, 1_000), walked)
      assert.deepStrictEqual(
        timeline.numbers({ ...range, order: "desc" }, undefined, 1_000),
        walked.toReversed(),
      )
    }
  })
})
