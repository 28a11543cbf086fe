import { assert, describe, it } from "@effect/vitest"
import { isNotable, listParams, timeQuery } from "../../../src/sources/firewalla/query.ts"

describe("timeQuery", () => {
  const table: ReadonlyArray<readonly [Parameters<typeof timeQuery>, string]> = [
    [[10, 20, {}, undefined], "ts:10.000-20.000"],
    [[10, 20, { box: "a05c-1" }, ""], "ts:10.000-20.000 box.id:a05c-1"],
    [[10, 20, { group: "7" }, " -status:2 "], "ts:10.000-20.000 box.group.id:7 -status:2"],
    [[10, 20, { box: 'a b:"c' }, "type:1,2"], 'ts:10.000-20.000 box.id:"a b:c" type:1,2'],
  ]
  for (const [args, expected] of table) it(expected, () => assert.strictEqual(timeQuery(...args), expected))
})

describe("listParams", () => {
  it("holds only what is set", () => {
    assert.deepStrictEqual(listParams({}), {})
    assert.deepStrictEqual(listParams({ box: "b", group: undefined }), { box: "b" })
    assert.deepStrictEqual(listParams({ group: "g" }), { group: "g" })
  })
})

describe("isNotable", () => {
  const known = { category: "social", download: 500_000, upload: 500_000 }
  const table: ReadonlyArray<readonly [string, unknown, boolean]> = [
    ["small and known", known, false],
    ["blocked", { ...known, block: true }, true],
    ["blocked as text", { ...known, block: "true" }, true],
    ["not blocked", { ...known, block: false }, false],
    ["one byte more", { ...known, upload: 500_001 }, true],
    ["large by its total", { ...known, total: "1000001" }, true],
    ["small by its total, large by its sum", { ...known, total: 0, upload: 900_000 }, true],
    ["no category", { ...known, category: undefined }, true],
    ["an empty category", { ...known, category: "" }, true],
    ["uncategorized", { ...known, category: "Uncategorized" }, true],
    ["a category as an object", { ...known, category: { name: "video" } }, false],
    ["an empty one as an object", { ...known, category: { name: "" } }, true],
    ["no record at all", 7, true],
  ]
  for (const [name, flow, expected] of table) it(name, () => assert.strictEqual(isNotable(flow), expected))
})
