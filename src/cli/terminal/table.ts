/** Tables that fit the width: numbers to the right, and the widest column of text gives way. */
import { type Line, type Piece, pieceOf, WIDTH } from "./line.ts"

export interface Column {
  readonly title: string
  /** `right` for numbers. */
  readonly align?: "left" | "right"
}

export type Cell = string | Piece

const GAP = "  "

const cut = (text: string, width: number): string =>
  text.length <= width ? text : width <= 1 ? "…".slice(0, width) : `${text.slice(0, width - 1)}…`

/** How wide each column is, so that all of them fit; a column of text is cut before one of numbers is. */
const widthsOf = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  width: number,
): ReadonlyArray<number> => {
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...rows.map((row) => pieceOf(row[at] ?? "").text.length)),
  )
  const total = () => widths.reduce((sum, one) => sum + one, (columns.length - 1) * GAP.length)
  while (total() > width) {
    const texts = columns.flatMap(({ align }, at) => (align === "right" ? [] : [at]))
    const candidates = texts.some((at) => (widths[at] ?? 0) > 1) ? texts : columns.map((_, at) => at)
    const widest = candidates.reduce((most, at) => ((widths[at] ?? 0) > (widths[most] ?? 0) ? at : most))
    const now = widths[widest] ?? 0
    if (now <= 1) break
    widths[widest] = now - 1
  }
  return widths
}

/** A head and a line a row. */
export const table = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  width: number = WIDTH,
): ReadonlyArray<Line> => {
  const widths = widthsOf(columns, rows, width)
  const lineOf = (cells: ReadonlyArray<Cell>): Line =>
    columns.flatMap(({ align }, at): Line => {
      const { style, text } = pieceOf(cells[at] ?? "")
      const room = widths[at] ?? 0
      const shown = cut(text, room)
      const padded = align === "right" ? shown.padStart(room) : shown.padEnd(room)
      return [...(at === 0 ? [] : [GAP]), { text: padded, style }]
    })
  return [lineOf(columns.map(({ title }): Piece => ({ text: title, style: "dim" }))), ...rows.map(lineOf)]
}
