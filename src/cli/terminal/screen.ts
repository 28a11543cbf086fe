/** A view that is drawn again and again: in place on a terminal, and below each other anywhere else. */
import process from "node:process"
import { Effect, Ref, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { coloured, type Line, lineText, type Paint, plain, WIDTH } from "./line.ts"

/** The other screen, without a cursor; and back, so that nothing of the view stays on the first. */
const OPEN = "\u001b[?1049h\u001b[?25l"
const CLOSE = "\u001b[?25h\u001b[?1049l"
const ROWS = 24
const HOME = "\u001b[H"
const TO_END_OF_LINE = "\u001b[K"
const TO_END_OF_SCREEN = "\u001b[J"

/** What one drawing writes. Pure. Lines beyond the last row would scroll the first ones away. */
export const drawing = (
  lines: ReadonlyArray<Line>,
  paint: Paint,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string => {
  const shown = lines.slice(0, Math.max(1, rows - 1))
  const width = Math.min(WIDTH, Math.max(1, columns))
  return `${HOME}${shown.map((line) => `${lineText(line, paint, width)}${TO_END_OF_LINE}\n`).join("")}${TO_END_OF_SCREEN}`
}

/** `draw` shows lines in the place of those before. At its end the last of them are left behind. */
export const makeScreen = Effect.gen(function* () {
  const terminal = yield* Terminal.Terminal
  const { canAnimate, canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const paint = canColor ? coloured : plain
  const put = (text: string) => Effect.ignore(terminal.display(text))
  const textOf = (lines: ReadonlyArray<Line>) => lines.map((line) => `${lineText(line, paint)}\n`).join("")
  if (!canAnimate) return { draw: (lines: ReadonlyArray<Line>) => put(`${textOf(lines)}\n`) }

  const last = yield* Ref.make<ReadonlyArray<Line>>([])
  yield* Effect.acquireRelease(put(OPEN), () =>
    Effect.flatMap(Ref.get(last), (lines) => put(`${CLOSE}${textOf(lines)}`)),
  )
  return {
    draw: Effect.fnUntraced(function* (lines: ReadonlyArray<Line>) {
      yield* Ref.set(last, lines)
      // A terminal that does not know its size says 0.
      const columns = process.stdout.columns || WIDTH
      const rows = process.stdout.rows || ROWS
      yield* put(drawing(lines, paint, { columns, rows }))
    }),
  }
})
