import { assert, describe, it } from "@effect/vitest"
import { makeBatchEncoder } from "../../../src/writers/wazuh5/batch.ts"

const encoder = makeBatchEncoder({ queue: "1", location: "a:b|c", agent: { id: "000", name: "way" } })

describe("a batch for Wazuh 5", () => {
  it("is a line about the agent and a line for each event, with the location escaped", () => {
    assert.strictEqual(
      encoder.encode(['{"a":1}', '{"b":"ü"}']),
      'H {"wazuh":{"agent":{"id":"000","name":"way"}}}\nE 1:a|:b||c:{"a":1}\nE 1:a|:b||c:{"b":"ü"}\n',
    )
  })

  const cases: ReadonlyArray<[string, ReadonlyArray<string>, number]> = [
    ["no events", [], 0],
    ["few small ones", Array.from({ length: 7 }, () => "{}"), 7],
    ["a thousand at most", Array.from({ length: 1500 }, () => "{}"), 1000],
    ["a megabyte at most", Array.from({ length: 30 }, () => "x".repeat(60_000)), 17],
    ["one that is larger, alone", ["x".repeat(2_000_000), "{}"], 1],
  ]
  for (const [name, events, count] of cases) {
    it(`holds ${name}`, () => assert.strictEqual(encoder.fit(events), count))
  }
})
