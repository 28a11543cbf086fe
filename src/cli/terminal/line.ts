/** Lines for a terminal: pieces of text with a style each, cut to the width before they are coloured. */
import { Effect } from "effect"
import { TerminalCapabilities } from "effect/cli"

/** What every table and line fits, however wide the terminal is. */
export const WIDTH = 80

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Style = keyof typeof CODES

export interface Piece {
  readonly text: string
  readonly style?: Style | undefined
}
/** A text without a style can stand for its piece. */
export type Line = ReadonlyArray<string | Piece>

export const pieceOf = (piece: string | Piece): Piece => (typeof piece === "string" ? { text: piece } : piece)

/** Each turns a piece into what is written. */
export type Paint = (piece: string | Piece) => string

export const plain: Paint = (piece) => pieceOf(piece).text

export const coloured: Paint = (piece) => {
  const { style, text } = pieceOf(piece)
  return style === undefined || text === "" ? text : `\u001b[${CODES[style]}m${text}\u001b[0m`
}

/**
 * For standard output: colour only where it is a terminal. NO_COLOR (any value but an empty one) forbids it,
 * FORCE_COLOR asks for it elsewhere, and a terminal called `dumb` has none.
 */
export const paint: Effect.Effect<Paint> = Effect.map(
  TerminalCapabilities.TerminalCapabilities,
  ({ canColor }) => (canColor ? coloured : plain),
)

export const lengthOf = (line: Line): number =>
  line.reduce((length, piece) => length + pieceOf(piece).text.length, 0)

/** Cut to so many characters, with `…` as the last of them where something is missing. */
const cutTo = (line: Line, width: number): Line => {
  if (lengthOf(line) <= width) return line
  const kept: Array<Piece> = []
  let left = width - 1
  for (const piece of line.map(pieceOf)) {
    kept.push({ ...piece, text: piece.text.slice(0, left) })
    left -= Math.min(left, piece.text.length)
  }
  return [...kept, "…"]
}

export const lineText = (line: Line, paint: Paint, width: number = WIDTH): string =>
  cutTo(line, width).map(paint).join("").trimEnd()
