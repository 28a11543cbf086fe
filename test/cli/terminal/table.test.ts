import { assert, describe, it } from "vitest"
import { coloured, type Line, lengthOf, lineText, plain } from "../../../src/cli/terminal/line.ts"
import { bar, sparkline } from "../../../src/cli/terminal/plot.ts"
import { drawing } from "../../../src/cli/terminal/screen.ts"
import { type Column, table } from "../../../src/cli/terminal/table.ts"
import { rate, span } from "../../../src/cli/terminal/words.ts"
import { wrap } from "../../../src/cli/terminal/wrap.ts"

const ESCAPE = String.fromCharCode(27)
const text = (lines: ReadonlyArray<Line>) => lines.map((line) => lineText(line, plain))
const COLUMNS: ReadonlyArray<Column> = [
  { title: "NAME" },
  { title: "COUNT", align: "right" },
  { title: "WHY" },
]

describe("a table", () => {
  it("puts numbers to the right and text to the left", () => {
    assert.deepStrictEqual(
      text(
        table(COLUMNS, [
          ["a", "1", "x"],
          ["longer", "12,345", "y"],
        ]),
      ),
      ["NAME     COUNT  WHY", "a            1  x", "longer  12,345  y"],
    )
  })

  it("fits its width whatever is in it, and cuts text before numbers", () => {
    const long = "w".repeat(200)
    for (const width of [80, 40, 20]) {
      const lines = table(
        COLUMNS,
        [
          [long, "12,345", long],
          ["a", "1", ""],
        ],
        width,
      )
      for (const line of lines) assert.isAtMost(lengthOf(line), width)
      assert.include(text(lines)[1], "12,345")
    }
  })

  it("has its columns where they are also where a cell is coloured", () => {
    const lines = table(COLUMNS, [[{ text: "a", style: "red" }, "1", "x"]])
    const withoutColour = lineText(lines[1] ?? [], coloured).replaceAll(
      new RegExp(`${ESCAPE}\\[\\d+m`, "g"),
      "",
    )
    assert.strictEqual(withoutColour, text(lines)[1])
  })
})

describe("a line", () => {
  it("is cut by what is seen of it, and ends its colours", () => {
    const line: Line = [{ text: "x".repeat(70), style: "red" }, "y".repeat(70)]
    assert.strictEqual(lineText(line, plain), `${"x".repeat(70)}${"y".repeat(9)}…`)
    assert.strictEqual(
      lineText([{ text: "abcdef", style: "red" }], coloured, 4),
      `${ESCAPE}[31mabc${ESCAPE}[0m…`,
    )
  })
})

describe("a drawing in place", () => {
  it("has no more rows and columns than the terminal, or it would scroll", () => {
    const lines: ReadonlyArray<Line> = Array.from({ length: 50 }, (_, at) => [`${at} ${"z".repeat(100)}`])
    const drawn = drawing(lines, plain, { columns: 30, rows: 10 })
    const rows = drawn.split("\n")
    assert.strictEqual(rows.length, 10)
    for (const row of rows) assert.isAtMost(row.replaceAll(new RegExp(`${ESCAPE}\\[\\w`, "g"), "").length, 30)
  })
})

describe("small plots", () => {
  it("show the greatest as full, nothing as low, and what is not there as a gap", () => {
    assert.strictEqual(sparkline([0, 4, undefined, 8], 10), "▁▅ █")
    assert.strictEqual(sparkline([1, 2, 3, 4], 2), "▇█")
    assert.strictEqual(sparkline([0, 0], 2), "▁▁")
    assert.strictEqual(bar(0.5, 4), "██░░")
    assert.strictEqual(bar(1.7, 4), "████")
    assert.strictEqual(bar(-1, 4), "░░░░")
  })
})

describe("words", () => {
  it("say a time as people do", () => {
    for (const [millis, words] of [
      [0, "0 ms"],
      [999, "999 ms"],
      [1000, "1.0 s"],
      [9999, "9.9 s"],
      [59_999, "59 s"],
      [60_000, "1 min"],
      [3_599_999, "59 min"],
      [3_600_000, "1 h"],
      [7_500_000, "2 h 5 min"],
      [90_000_000, "1 d 1 h"],
    ] as const)
      assert.strictEqual(span(millis), words)
    assert.strictEqual(rate(0), "0/s")
    assert.strictEqual(rate(2.46), "2.5/s")
    assert.strictEqual(rate(1234.5), "1,235/s")
  })
  it("are broken between and never within", () => {
    assert.deepStrictEqual(wrap("aa bb  cc\ndddddd", 5), ["aa bb", "cc", "dddddd"])
    assert.deepStrictEqual(wrap("", 5), [])
  })
})
