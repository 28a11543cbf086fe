import { assert, describe, it } from "@effect/vitest"
import { countsAgainstEvents, judge } from "../../src/verify/loss.ts"

const on = (index: string, ...shards: ReadonlyArray<number>) =>
  shards.map((shard, n) => ({ id: `${index}-${n}`, index, shard }))

describe("judge", () => {
  const shardsOf = new Map([
    ["mon", 3],
    ["tue", 3],
  ])
  const firstSeenAt = new Map([
    ["mon", 100],
    ["tue", 900],
  ])
  const cases: ReadonlyArray<readonly [string, ReturnType<typeof on>, number, string]> = [
    ["no witness", [], 500, "Open"],
    ["witnesses on two of three shards, many of them", on("mon", 0, 1, 0, 1), 500, "Open"],
    ["on every shard of the index known before the write", on("mon", 0, 1, 2), 500, "Proven"],
    ["on every shard of an index that came up after the write", on("tue", 0, 1, 2), 500, "Covered"],
    ["on shards of two indices that make no whole one", [...on("mon", 0, 1), ...on("tue", 2)], 500, "Open"],
    ["of both, the known one whole", [...on("tue", 0, 1, 2), ...on("mon", 0, 1, 2)], 500, "Proven"],
    ["in an index that was seen at the very time of the write", on("tue", 0, 1, 2), 900, "Proven"],
    ["in an index of which nothing is known", on("wed", 0, 1, 2), 2000, "Open"],
  ]
  for (const [name, places, startedAt, expected] of cases)
    it(name, () => assert.strictEqual(judge({ startedAt, places, shardsOf, firstSeenAt })._tag, expected))
})

describe("countsAgainstEvents", () => {
  const cases: ReadonlyArray<readonly [string, number, number, number, boolean]> = [
    ["one among confirmed neighbours", 500, 499, 499, true],
    ["a rewrite of which only the canary after it arrived", 500, 499, 3, true],
    ["a rewrite with which nothing arrived", 500, 499, 0, false],
    ["a whole batch, though canaries arrived", 500, 0, 3, false],
    ["a batch of one event, while canaries arrived", 1, 0, 3, true],
    ["a batch of one event, and nothing else arrived", 1, 0, 0, false],
    ["ten alike could all be poison", 10, 0, 3, true],
    ["eleven are taken for an outage", 11, 0, 3, false],
  ]
  for (const [name, events, confirmed, neighbours, expected] of cases)
    it(name, () => assert.strictEqual(countsAgainstEvents({ events, confirmed, neighbours }), expected))
})
