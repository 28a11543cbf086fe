/** `waybill dlq show`: one letter with everything in it. */
import { Console, Effect, Option, Path, Stream } from "effect"
import { Argument, Command } from "effect/cli"
import { Configuration } from "../../config/Configuration.ts"
import { fileNameOf } from "../../dead-letters/keys.ts"
import { lookThrough } from "../../dead-letters/lookThrough.ts"
import { configured } from "../configured.ts"
import { InvalidInput, json } from "../flags.ts"
import { withLogs } from "../withLogs.ts"
import { letterJson, letterText } from "./letterLines.ts"

const letterOf = Effect.fnUntraced(function* (name: string, folder: string) {
  const { get, letters } = yield* lookThrough(folder)
  const byKey = yield* get(name)
  if (Option.isSome(byKey)) return byKey
  return yield* letters(undefined).pipe(
    Stream.filter(({ file }) => file.envelope.id === name),
    Stream.runHead,
  )
})

export const show = Command.make(
  "show",
  {
    letter: Argument.String("letter").pipe(
      Argument.withDescription("The letter's name, such as failed_1699040123_0, or its event's event_id"),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ json, letter: name }) {
    const { base_path } = (yield* Configuration).dlq
    const letter = Option.getOrUndefined(yield* withLogs(letterOf(name, base_path)))
    if (letter === undefined)
      return yield* new InvalidInput({
        message: `No dead letter in ${base_path} has the name or the event_id ${JSON.stringify(name)}. It may have been replayed or purged; waybill dlq list shows those that wait.`,
      })
    const path = (yield* Path.Path).join(base_path, fileNameOf(letter.key))
    yield* Console.log(
      json ? JSON.stringify({ command: "dlq show", path, ...letterJson(letter) }) : letterText(letter, path),
    )
  }, configured),
).pipe(
  Command.withDescription(
    "Show one dead letter: its reason, the error in full, and the record as it was received.",
  ),
  Command.withShortDescription("One dead letter in full"),
  Command.withExamples([
    { command: "waybill dlq show failed_1699040123_0", description: "By its name in the list" },
    {
      command: "waybill dlq show failed_1699040123_0 --json | jq -r .envelope.payload",
      description: "The record as it was received",
    },
  ]),
)
