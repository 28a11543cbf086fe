/** A progress bar where a person watches, and a plain line now and then where nobody does. */
import process from "node:process"
import { Effect, Ref, Terminal } from "effect"

const WIDTH = 30
/** Without a terminal a line is written when so much more is done. */
const PLAIN_STEP = 0.1

const bar = (share: number): string => {
  const done = Math.round(share * WIDTH)
  return `${"█".repeat(done)}${"░".repeat(WIDTH - done)}`
}

const counts = (done: number, all: number): string =>
  `${done.toLocaleString("en")} of ${all.toLocaleString("en")}`

/** `update` redraws the bar, `note` puts a line above it, `end` leaves it as it is. */
export const makeProgress = Effect.fnUntraced(function* (what: string) {
  const terminal = yield* Terminal.Terminal
  const isTerminal = process.stdout.isTTY === true
  const shown = yield* Ref.make({ line: "", share: -1 })
  const put = (text: string) => Effect.ignore(terminal.display(text))

  const update = Effect.fnUntraced(function* (done: number, all: number) {
    const share = all === 0 ? 0 : done / all
    const last = yield* Ref.get(shown)
    if (isTerminal) {
      const line = `  ${bar(share)} ${Math.floor(share * 100)} %  ${counts(done, all)} ${what}`
      yield* put(`\r${line}`)
      yield* Ref.set(shown, { line, share })
    } else if (share - last.share >= PLAIN_STEP || (share === 1 && last.share < 1)) {
      yield* put(`  ${Math.floor(share * 100)} %  ${counts(done, all)} ${what}\n`)
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
