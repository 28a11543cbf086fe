/** `waybill dlq purge`: letters are given up for good. */
import process from "node:process"
import { Console, Effect, Option } from "effect"
import { Command, Flag, Prompt } from "effect/cli"
import { withLetters } from "../../app/letters.ts"
import { DeadLetters, type LetterFilter } from "../../dead-letters/DeadLetters.ts"
import { configured } from "../configured.ts"
import { filterOf, InvalidInput, id, json, key, reason, source, withLogs } from "./flags.ts"

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
const purged = Effect.fnUntraced(function* ({ id, key, ...filter }: Input) {
  const letters = yield* DeadLetters
  if (id === undefined && key === undefined) return yield* letters.purge(filter)
  const found = id === undefined ? key : letters.find(id)
  if (found === undefined || (key !== undefined && key !== found)) return 0
  const letter = Option.getOrUndefined(yield* letters.get(found))
  const fits =
    letter !== undefined &&
    (filter.reason === undefined || letter.file.reason === filter.reason) &&
    (filter.source === undefined || letter.file.envelope.source === filter.source)
  return fits && (yield* letters.remove(found)) ? 1 : 0
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

const work = Effect.fnUntraced(function* (input: Input, yes: boolean, json: boolean) {
  const { base_path, pending } = yield* (yield* DeadLetters).stats
  if (!yes && !(yield* confirmed(input, pending))) return yield* Console.log("Nothing was removed.")
  const count = yield* purged(input)
  const rest = (yield* (yield* DeadLetters).stats).pending
  yield* Console.log(
    json
      ? JSON.stringify({ command: "dlq purge", base_path, purged: count, pending: rest })
      : `${count.toLocaleString("en")} removed; ${rest.toLocaleString("en")} wait in ${base_path}`,
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
    yield* withLogs(withLetters("waybill dlq purge", work(input, yes, json)))
  }, configured),
).pipe(
  Command.withDescription(
    "Remove dead letters without delivering them. A record that its feed fetches again, within the feed's overlap or by " +
      "a look back, is tried again and may become a letter again. Copy the folder before if the records may be needed.",
  ),
  Command.withShortDescription("Give dead letters up for good"),
  Command.withExamples([
    { command: "waybill dlq purge --reason validation_failed", description: "Asks before it removes them" },
    { command: "waybill dlq purge --yes", description: "Removes all, for a script" },
  ]),
)
