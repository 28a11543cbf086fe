/** `waybill trace`: where one event is. */
import { Console, Data, Effect, Runtime, Stream } from "effect"
import { Argument, Command } from "effect/cli"
import * as Layers from "../app/layers.ts"
import { Configuration } from "../config/Configuration.ts"
import { lookThrough } from "../dead-letters/lookThrough.ts"
import { isWell } from "../trace/explain.ts"
import { shownTrace } from "../trace/shown.ts"
import { trace as traceOf } from "../trace/trace.ts"
import { configured } from "./configured.ts"
import { withExitCodes } from "./exitCodes.ts"
import { json } from "./flags.ts"
import { lineText, paint } from "./terminal/line.ts"
import { traceLines } from "./traceLines.ts"
import { withLogs } from "./withLogs.ts"

/** The event was looked for, and it is not where it should be. What was found is printed already. */
class NotThere extends Data.TaggedError("NotThere") {
  override readonly [Runtime.errorExitCode] = 2
  override readonly [Runtime.errorReported] = false
}

const findLetter = Effect.fnUntraced(function* (eventId: string) {
  const { dlq } = yield* Configuration
  if (!dlq.enabled) return undefined
  const { letters } = yield* lookThrough(dlq.base_path)
  const found = yield* letters(undefined).pipe(
    Stream.filter(({ file }) => file.envelope.id === eventId),
    Stream.runHead,
  )
  return found._tag === "Some" ? found.value : undefined
})

export const trace = Command.make(
  "trace",
  {
    event: Argument.String("event_id").pipe(
      Argument.withDescription("data.event_id in the index, or envelope.id in a dead letter"),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ event, json }) {
    const found = yield* withLogs(
      Effect.gen(function* () {
        const context = yield* Effect.context<Effect.Services<ReturnType<typeof findLetter>>>()
        return yield* traceOf(event, (id) => Effect.provideContext(findLetter(id), context))
      }).pipe(Effect.provide(Layers.tracingLayer)),
    )
    const shown = shownTrace(found)
    if (json) yield* Console.log(JSON.stringify({ command: "trace", ...shown }))
    else {
      const onTerminal = yield* paint
      for (const line of traceLines(shown))
        yield* Console.log(lineText(line, onTerminal, Number.POSITIVE_INFINITY))
    }
    if (!isWell(found)) return yield* new NotThere()
  }, configured),
).pipe(
  Command.withDescription(
    "Say where one event is: when it was received, in which batches it was written, when and how often, when a search " +
      "returned it and in which index it is now, or why it is a dead letter; and what to look at where it is none of these. " +
      "It reads the receipts and the dead letters on disk and asks the indexer, beside a running Waybill or without one.",
  ),
  withExitCodes({
    0: "a search returns it, or did where the indexer can't be asked now",
    2: "it is not searchable",
  }),
  Command.withShortDescription("Where is this one event?"),
  Command.withExamples([
    { command: "waybill trace 5a1c0e72f3b94d18", description: "All that is known of it" },
    {
      command: "waybill trace 5a1c0e72f3b94d18 --json | jq -r .state",
      description: "searchable, dead, on_its_way …",
    },
  ]),
)
