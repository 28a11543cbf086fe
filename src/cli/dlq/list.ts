/** `waybill dlq list`: the letters that wait. */
import { Console, Effect, Option, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { Configuration } from "../../config/Configuration.ts"
import { parseKey } from "../../dead-letters/keys.ts"
import { lookThrough } from "../../dead-letters/lookThrough.ts"
import { configured } from "../configured.ts"
import { atLeastOne, InvalidInput, json } from "../flags.ts"
import { withLogs } from "../withLogs.ts"
import { filterOf, reason, source } from "./flags.ts"
import { letterJson, letterLines } from "./letterLines.ts"

export const list = Command.make(
  "list",
  {
    reason,
    source,
    limit: Flag.Int("limit").pipe(
      Flag.withDefault(20),
      Flag.withDescription("How many letters are shown, oldest first"),
    ),
    cursor: Flag.String("cursor").pipe(
      Flag.optional,
      Flag.withDescription("Go on behind this letter, which the list before named as the next one's cursor"),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ cursor, json, limit, ...flags }) {
    const { base_path } = (yield* Configuration).dlq
    yield* atLeastOne("--limit", limit)
    const from = Option.getOrUndefined(Option.map(cursor, parseKey))
    if (Option.isSome(cursor) && from === undefined)
      return yield* new InvalidInput({
        message: "--cursor: expected the key of a letter, as the list before named it",
      })
    const filter = filterOf(flags)
    const { letters, pending } = yield* lookThrough(base_path)
    const found = yield* letters(from).pipe(
      Stream.filter(
        ({ file }) =>
          (filter.reason === undefined || file.reason === filter.reason) &&
          (filter.source === undefined || file.envelope.source === filter.source),
      ),
      Stream.take(limit + 1),
      Stream.runCollect,
      withLogs,
    )
    const shown = found.slice(0, limit)
    const next = found.length > limit ? (shown.at(-1)?.key ?? null) : null
    if (json) {
      const events = shown.map(letterJson)
      return yield* Console.log(
        JSON.stringify({ command: "dlq list", base_path, pending, count: events.length, next, events }),
      )
    }
    for (const letter of shown) yield* Console.log(letterLines(letter).join("\n"))
    yield* Console.log(
      `${shown.length === 0 ? "" : "\n"}${shown.length.toLocaleString("en")} shown; ` +
        `${pending.toLocaleString("en")} in all wait in ${base_path}` +
        (next === null ? "" : `\nthe next ones: --cursor ${next}`),
    )
  }, configured),
).pipe(
  Command.withDescription(
    "Show the dead letters that wait, oldest first: when and why, what kind of record of which source, its event_id, " +
      "the error. It reads the folder and needs neither a running Waybill nor that there is none.",
  ),
  Command.withShortDescription("The dead letters that wait"),
  Command.withExamples([
    { command: "waybill dlq list --reason validation_failed", description: "What Wazuh could not carry" },
    {
      command: "waybill dlq list --limit 1000 --json | jq -r '.events[].error' | sort | uniq -c | sort -rn",
      description: "Which errors there are, and how often",
    },
  ]),
)
