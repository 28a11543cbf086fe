/** A progress bar where a person watches, and a plain line now and then where nobody does. */
import { Effect, Ref, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { bar } from "./terminal/plot.ts"
import { count, percent } from "./terminal/words.ts"

const WIDTH = 30
/** Without a terminal a line is written when so much more is done. */
const PLAIN_STEP = 0.1

const counts = (done: number, all: number): string => `${count(done)} of ${count(all)}`

/** `update` redraws the bar, `note` puts a line above it, `end` leaves it as it is. */
export const makeProgress = Effect.fnUntraced(function* (what: string) {
  const terminal = yield* Terminal.Terminal
  const { canAnimate: isTerminal } = yield* TerminalCapabilities.TerminalCapabilities
  const shown = yield* Ref.make({ line: "", share: -1 })
  const put = (text: string) => Effect.ignore(terminal.display(text))

  const update = Effect.fnUntraced(function* (done: number, all: number) {
    const share = all === 0 ? 0 : done / all
    const last = yield* Ref.get(shown)
    if (isTerminal) {
      const line = `  ${bar(share, WIDTH)} ${percent(share)}  ${counts(done, all)} ${what}`
      yield* put(`\r${line}`)
      yield* Ref.set(shown, { line, share })
    } else if (share - last.share >= PLAIN_STEP || (share === 1 && last.share < 1)) {
      yield* put(`  ${percent(share)}  ${counts(done, all)} ${what}\n`)
      yield* Ref.set(shown, { line: "", share })
    }
  })
  const note = Effect.fnUntraced(function* (text: string) {
    const { line } = yield* Ref.get(shown)
    yield* put(isTerminal ? `\r\u001b[K  ${text}\n${line}` : `  ${text}\n`)
  })
  const end = Effect.suspend(() => (isTerminal ? put("\n") : Effect.void))
  return { update, note, end }
})
