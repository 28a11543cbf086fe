import { assert, describe, it } from "@effect/vitest"
import {
  credit,
  LEAST_FACTOR,
  leastGrant,
  RECOVERY_MILLIS,
  type Steering,
  steer,
  UNSTEERED,
} from "../../../src/writers/pacing/credit.ts"

describe("credit", () => {
  it.each([
    { title: "an empty queue, less what the socket may hold", usage: 0, recent: 0, expected: 8192 - 512 },
    { title: "half of the share is used", usage: 0.25, recent: 0, expected: 4096 - 512 },
    { title: "recent grants count instead where they are more", usage: 0, recent: 1000, expected: 7192 },
    { title: "the share is used up", usage: 0.5, recent: 0, expected: -512 },
    { title: "others use more than the share", usage: 0.9, recent: 0, expected: -7066 },
  ])("$title", ({ usage, recent, expected }) => {
    assert.strictEqual(credit({ size: 16_384, usage }, 0.5, recent), expected)
  })

  it("a small queue keeps a quarter of its share for the socket", () => {
    assert.strictEqual(credit({ size: 128, usage: 0 }, 0.5, 0), 64 - 16)
  })

  it.each([
    { title: "a quarter of a chunk", wanted: 1000, size: 16_384, share: 0.5, expected: 250 },
    { title: "no more than is wanted", wanted: 3, size: 16_384, share: 0.5, expected: 3 },
    { title: "within what a small queue can ever give", wanted: 1000, size: 128, share: 0.5, expected: 24 },
    { title: "always one at least", wanted: 1000, size: 10, share: 0.1, expected: 1 },
  ])("the least grant: $title", ({ wanted, size, share, expected }) => {
    assert.strictEqual(leastGrant(wanted, 1000, size, share), expected)
  })
})

describe("steer", () => {
  const answered = (
    answers: ReadonlyArray<readonly [dropped: number, startedAt: number, now: number]>,
  ): { readonly factors: ReadonlyArray<number>; readonly dropped: ReadonlyArray<number> } => {
    let steering: Steering = UNSTEERED
    const factors: Array<number> = []
    const counts: Array<number> = []
    for (const [dropped, startedAt, now] of answers) {
      const next = steer(steering, { dropped, startedAt }, now)
      steering = next.steering
      factors.push(steering.factor)
      counts.push(next.droppedSince)
    }
    return { factors, dropped: counts }
  }

  it("what was dropped before the first answer changes nothing", () => {
    assert.deepStrictEqual(answered([[5000, 10, 0]]), { factors: [1], dropped: [0] })
  })
  it("each growth halves, down to the least factor", () => {
    const grown = answered([0, 1, 2, 3, 4, 5].map((n) => [n * 10, 1, n * 1000] as const))
    assert.deepStrictEqual(grown.factors, [1, 0.5, 0.25, LEAST_FACTOR, LEAST_FACTOR, LEAST_FACTOR])
    assert.deepStrictEqual(grown.dropped, [0, 10, 10, 10, 10, 10])
  })
  it("a quiet minute doubles, and only one step a minute", () => {
    const at = RECOVERY_MILLIS
    const { factors } = answered([
      [0, 1, 0],
      [7, 1, 1],
      [9, 1, 2],
      [9, 1, at],
      [9, 1, at + 2],
      [9, 1, at + 3],
      [9, 1, 2 * at + 2],
      [9, 1, 9 * at],
    ])
    assert.deepStrictEqual(factors, [1, 0.5, 0.25, 0.25, 0.5, 0.5, 1, 1])
  })
  it("after a restart of analysisd its counter begins anew, whichever way that shows", () => {
    assert.deepStrictEqual(
      answered([
        [50, 900, 0],
        [0, 950, 1],
        [4, 999, 2],
      ]).dropped,
      [0, 0, 4],
    )
    assert.deepStrictEqual(
      answered([
        [5, 900, 0],
        [30, 950, 1],
      ]).dropped,
      [0, 30],
    )
  })
})
