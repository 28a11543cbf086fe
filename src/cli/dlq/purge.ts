/** `waybill dlq purge`: letters are given up for good. */
import process from "node:process"
import { Console, Effect, Option } from "effect"
import { Command, Flag, Prompt } from "effect/cli"
import { type LettersToPurge, withLetters } from "../../app/letters.ts"
import { Configuration } from "../../config/Configuration.ts"
import type { LetterFilter } from "../../dead-letters/DeadLetters.ts"
import { configured } from "../configured.ts"
import { InvalidInput, json } from "../flags.ts"
import { withLogs } from "../withLogs.ts"
import { filterOf, id, key, reason, source } from "./flags.ts"

interface Input extends LetterFilter {
  readonly key: string | undefined
  readonly id: string | undefined
}

const whatOf = ({ id, key, reason, source }: Input): string =>
  [
    "dead letters",
    ...(reason === undefined ? [] : [`with reason ${reason}`]),
    ...(source === undefined ? [] : [`of source ${source}`]),
    ...(key === undefined ? [] : [`named ${key}`]),
    ...(id === undefined ? [] : [`of event ${id}`]),
  ].join(" ")

/** One letter, or all that fit. */
const removeWhat = Effect.fnUntraced(function* ({ id, key, ...filter }: Input, letters: LettersToPurge) {
  const name = key ?? id
  if (name === undefined) return yield* letters.purge(filter)
  const letter = Option.getOrUndefined(yield* letters.get(name))
  const fits =
    letter !== undefined &&
    (id === undefined || letter.envelope.id === id) &&
    (filter.reason === undefined || letter.reason === filter.reason) &&
    (filter.source === undefined || letter.envelope.source === filter.source)
  if (fits) yield* letters.remove(name)
})

const confirmed = Effect.fnUntraced(function* (input: Input, pending: number) {
  if (process.stdin.isTTY !== true)
    return yield* new InvalidInput({
      message: `This removes ${whatOf(input)} for good (${pending} wait in all). Give --yes to do it without being asked.`,
    })
  return yield* Prompt.run(
    Prompt.Confirm({ message: `Remove ${whatOf(input)} for good? ${pending} wait in all.`, initial: false }),
  ).pipe(Effect.orElseSucceed(() => false))
})

const work = Effect.fnUntraced(function* (
  input: Input,
  letters: LettersToPurge,
  yes: boolean,
  json: boolean,
) {
  const { base_path } = (yield* Configuration).dlq
  const before = yield* letters.pending
  if (!yes && !(yield* confirmed(input, before))) return yield* Console.log("Nothing was removed.")
  yield* removeWhat(input, letters)
  const pending = yield* letters.pending
  const purged = Math.max(0, before - pending)
  yield* Console.log(
    json
      ? JSON.stringify({ command: "dlq purge", base_path, purged, pending })
      : `${purged.toLocaleString("en")} removed; ${pending.toLocaleString("en")} wait in ${base_path}`,
  )
})

export const purge = Command.make(
  "purge",
  {
    reason,
    source,
    key,
    id,
    yes: Flag.Boolean("yes").pipe(
      Flag.withAlias("y"),
      Flag.withDefault(false),
      Flag.withDescription("Do not ask; needed where standard input is no terminal"),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ id, json, key, yes, ...flags }) {
    const input = {
      ...filterOf(flags),
      key: Option.getOrUndefined(key),
      id: Option.getOrUndefined(id),
    }
    yield* withLogs(withLetters("waybill dlq purge", (letters) => work(input, letters, yes, json)))
  }, configured),
).pipe(
  Command.withDescription(
    "Remove dead letters without delivering them. A record that its feed fetches again, within the feed's overlap or by " +
      "a look back, is tried again and may become a letter again. Copy the folder before if the records may be needed. " +
      "A running `waybill run` is asked to do it, through its admin API.",
  ),
  Command.withShortDescription("Give dead letters up for good"),
  Command.withExamples([
    { command: "waybill dlq purge --reason validation_failed", description: "Asks before it removes them" },
    { command: "waybill dlq purge --yes", description: "Removes all, for a script" },
  ]),
)
