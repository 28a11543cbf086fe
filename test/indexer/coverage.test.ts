/** When an answer that misses something is believed. */
import { assert, describe, it } from "@effect/vitest"
import { type Answered, Coverage, GONE_MILLIS } from "../../src/indexer/coverage.ts"

const [OLD = "", YESTERDAY = "", TODAY = ""] = ["2025.11.20", "2026.02.21", "2026.02.22"].map(
  (day) => `wazuh-alerts-4.x-${day}`,
)
const SINCE = Date.parse("2026-02-21T23:30:00Z")

const looking = (hadShards = false) => {
  const coverage = new Coverage(hadShards)
  const look = (
    open: ReadonlyArray<string>,
    more: Partial<Answered> & { closed?: ReadonlyArray<string> } = {},
  ) => {
    const { closed = [], ...rest } = more
    return coverage.judge({
      roll: { open: new Set(open), closed: new Set(closed) },
      shards: open.length * 3,
      since: SINCE,
      generation: coverage.generation,
      now: 0,
      ...rest,
    })
  }
  return { coverage, look }
}

describe("coverage", () => {
  it("nothing there is an empty index at a first start, and an outage once there was something", () => {
    const { coverage } = looking()
    assert.isFalse(coverage.isNothingLeft(0))
    assert.isFalse(coverage.isNothingLeft(3))
    assert.isTrue(coverage.isNothingLeft(0))
    assert.isTrue(looking(true).coverage.isNothingLeft(0))
  })

  it("a closed index counts if the day of its name reaches into what is searched, for as long as it is closed", () => {
    const { look } = looking()
    assert.isUndefined(look([TODAY, YESTERDAY], { closed: [OLD] }).leftOut)
    assert.include(look([TODAY], { closed: [YESTERDAY] }).leftOut ?? "", YESTERDAY)
    assert.include(look([TODAY], { closed: [YESTERDAY], now: 100 * GONE_MILLIS }).leftOut ?? "", "closed")
    assert.isUndefined(look([TODAY], { closed: [YESTERDAY], since: SINCE + 3_600_000 }).leftOut)
    assert.isUndefined(look([TODAY, YESTERDAY]).leftOut)
  })

  it("an index that is gone is waited for, told once, and then given up; retention changes nothing", () => {
    const { look } = looking()
    look([OLD, YESTERDAY, TODAY])
    assert.isUndefined(look([YESTERDAY, TODAY]).leftOut)
    assert.include(look([TODAY], { now: 1000 }).leftOut ?? "", YESTERDAY)
    assert.include(look([TODAY], { now: GONE_MILLIS }).leftOut ?? "", YESTERDAY)
    const after = look([TODAY], { now: GONE_MILLIS + 1000 })
    assert.isUndefined(after.leftOut)
    assert.include(after.gone, YESTERDAY)
    assert.deepStrictEqual(look([TODAY], { now: GONE_MILLIS + 2000 }), { leftOut: undefined, gone: [] })
  })

  it("an index without a day in its name may hold anything", () => {
    const { look } = looking()
    look(["wazuh-alerts-4.x-000001", TODAY])
    assert.include(look([TODAY]).leftOut ?? "", "000001")
  })

  it("fewer shards than the same indices had, or than there are indices, are not all", () => {
    const { look } = looking()
    look([YESTERDAY, TODAY])
    look([YESTERDAY, TODAY])
    assert.include(look([YESTERDAY, TODAY], { shards: 3 }).leftOut ?? "", "3 shards")
    assert.isUndefined(look([YESTERDAY, TODAY], { shards: 3, now: GONE_MILLIS }).leftOut)
    assert.include(looking().look([YESTERDAY, TODAY], { shards: 1 }).leftOut ?? "", "2 indices")
  })

  it("an answer that began before the indices changed says nothing of how many shards they have", () => {
    const { coverage, look } = looking()
    look([YESTERDAY, TODAY], { since: Number.POSITIVE_INFINITY })
    const { generation } = coverage
    const later = { since: Number.POSITIVE_INFINITY }
    look([TODAY], later)
    look([TODAY], { ...later, shards: 6, generation })
    assert.isUndefined(look([TODAY], { ...later, shards: 3 }).leftOut)
  })
})
