import { assert, describe, it } from "@effect/vitest"
import { linesOf, MAX_LINE_BYTES, maxEventBytes, written } from "../../../src/writers/file/lines.ts"
import { isDue, rotatedName, tooMany } from "../../../src/writers/file/rotation.ts"

const MINUTE = 60_000
const options = { maxBytes: 1000, minIntervalMillis: 2 * MINUTE }
const at = (time: string) => Date.parse(`2026-02-22T${time}Z`)

describe("a rotation", () => {
  const cases: ReadonlyArray<[string, number, string, string, boolean]> = [
    ["small and of today", 999, "10:00:00", "23:59:59", false],
    ["grown to its size", 1000, "10:00:00", "10:02:00", true],
    ["grown, but rotated just before", 5000, "10:00:00", "10:01:59", false],
    ["of yesterday", 1, "23:00:00", "24:00:00", true],
    ["of yesterday, but rotated just before", 1, "23:59:00", "24:00:00", false],
    ["of yesterday, and empty", 0, "10:00:00", "24:00:00", false],
  ]
  for (const [name, bytes, begun, now, due] of cases) {
    it(`${due ? "is" : "is not"} due for a file that is ${name}`, () =>
      assert.strictEqual(isDue({ bytes, begunAt: at(begun) }, at(now), options), due))
  }

  it("gives names that sort by time, and takes nothing else for one of its own", () => {
    const first = rotatedName("w.log", at("09:00:00"))
    const second = rotatedName("w.log", at("10:00:00"))
    const names = [second, first, rotatedName("w.log", at("11:00:00"))]
    assert.strictEqual(second, "w.log.20260222T100000000Z")
    const others = [
      "w.log",
      "w.log.gz",
      "w.log.20260222T100000000Z.gz",
      "x.log.20260222T080000000Z",
      "w.log.1",
    ]
    assert.deepStrictEqual(tooMany([...names, ...others], "w.log", 1), [first, second])
    assert.deepStrictEqual(tooMany(names, "w.log", 3), [])
  })
})

describe("lines", () => {
  it("have room for what logcollector reads and analysisd takes", () => {
    assert.strictEqual(maxEventBytes("/x/waybill.log"), MAX_LINE_BYTES - 1 - "waybill: ".length)
    assert.strictEqual(maxEventBytes("/".repeat(1000)), 65_535 - "1:".length - 1 - 1000 - "waybill: ".length)
  })

  it("end where their newlines are, and stop at a quarter of a megabyte", () => {
    const { bytes, ends } = linesOf(["a", "ü"])
    assert.strictEqual(bytes.toString(), "waybill: a\nwaybill: ü\n")
    assert.deepStrictEqual(ends, [11, 23])
    const large = Array.from({ length: 10 }, () => "x".repeat(60_000))
    assert.strictEqual(linesOf(large).ends.length, 5)
  })

  it("of a write that was cut are whole or torn", () => {
    const lines = linesOf(["a", "b", "c"])
    const cases = [0, 5, 11, 12, 22, 33].map((taken) => written(lines, taken))
    assert.deepStrictEqual(
      cases.map(({ torn, whole }) => [whole, torn]),
      [
        [0, 0],
        [0, 5],
        [1, 0],
        [1, 1],
        [2, 0],
        [3, 0],
      ],
    )
  })
})
