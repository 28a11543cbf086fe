import { assert, describe, it } from "@effect/vitest"
import { distance, nearest } from "../../src/config/nearest.ts"

describe("nearest", () => {
  for (const [a, b, steps] of [
    ["", "", 0],
    ["abc", "", 3],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["kitten", "sitting", 3],
  ] as const) {
    it(`${a || "nothing"} and ${b || "nothing"} are ${steps} apart`, () => {
      assert.strictEqual(distance(a, b), steps)
      assert.strictEqual(distance(b, a), steps)
    })
  }
  const names = ["batch.max_events", "indexer.url", "indexer.username", "retry.max_retries", "log.level"]
  for (const [typed, meant] of [
    ["batch.max_evnts", "batch.max_events"],
    ["indexer.user_name", "indexer.username"],
    ["max_retries", "retry.max_retries"],
    ["verify.max_retries", "retry.max_retries"],
    ["kafka.brokers", undefined],
    ["x", undefined],
  ] as const) {
    it(`${typed} is ${meant ?? "nothing known"}`, () => assert.strictEqual(nearest(typed, names), meant))
  }
})
