import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { boundWindow, parseTime } from "../../src/reconcile/times.ts"

const now = Date.parse("2026-02-22T19:00:00Z")
const HOUR = 3_600_000

describe("parseTime", () => {
  const table: ReadonlyArray<readonly [string, string]> = [
    ["2026-02-21", "2026-02-21T00:00:00.000Z"],
    ["2026-02-21T19:30", "2026-02-21T19:30:00.000Z"],
    ["2026-02-21 19:30:15", "2026-02-21T19:30:15.000Z"],
    ["2026-02-21T19:30:15.250Z", "2026-02-21T19:30:15.250Z"],
    ["2026-02-21T19:30:15+02:00", "2026-02-21T17:30:15.000Z"],
    ["2026-02-21T19:30:15+0200", "2026-02-21T17:30:15.000Z"],
    ["24h", "2026-02-21T19:00:00.000Z"],
    ["24 hours ago", "2026-02-21T19:00:00.000Z"],
    ["1 hour", "2026-02-22T18:00:00.000Z"],
    ["90m", "2026-02-22T17:30:00.000Z"],
    ["90 min", "2026-02-22T17:30:00.000Z"],
    ["1.5h", "2026-02-22T17:30:00.000Z"],
    ["7d", "2026-02-15T19:00:00.000Z"],
    ["2 weeks ago", "2026-02-08T19:00:00.000Z"],
    ["30s", "2026-02-22T18:59:30.000Z"],
    ["now", "2026-02-22T19:00:00.000Z"],
  ]
  for (const [text, expected] of table) {
    it(`${text} is ${expected}`, () => {
      const time = parseTime(text, now)
      assert.strictEqual(Result.isSuccess(time) ? new Date(time.success).toISOString() : "", expected)
    })
  }
  for (const text of [
    "",
    "yesterday",
    "2026-02-30",
    "2026-13-01",
    "24",
    "h",
    "-24h",
    "24 months",
    "22.02.2026",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.isTrue(Result.isFailure(parseTime(text, now))))
  }
})

describe("boundWindow", () => {
  it("widens to whole seconds and leaves the future out", () => {
    assert.deepStrictEqual(boundWindow({ from: now - 5500, to: now - 1200 }, now, undefined), {
      from: now - 6000,
      to: now - 1000,
      tooOld: undefined,
    })
    assert.strictEqual(boundWindow({ from: now - HOUR, to: now + HOUR }, now + 700, undefined).to, now)
  })

  it("names what is older than the source keeps, and compares the rest", () => {
    assert.deepStrictEqual(boundWindow({ from: now - 3 * HOUR, to: now }, now, 2 * HOUR), {
      from: now - 2 * HOUR,
      to: now,
      tooOld: { from: now - 3 * HOUR, to: now - 2 * HOUR },
    })
  })

  it("is empty where all of it is too old, or the wrong way round", () => {
    const old = boundWindow({ from: now - 5 * HOUR, to: now - 4 * HOUR }, now, 2 * HOUR)
    assert.isAtLeast(old.from, old.to)
    assert.deepStrictEqual(old.tooOld, { from: now - 5 * HOUR, to: now - 4 * HOUR })
    const turned = boundWindow({ from: now, to: now - HOUR }, now, undefined)
    assert.isAtLeast(turned.from, turned.to)
  })
})
