/** `waybill status`: is it alive, how far behind is it, is anything stuck. */
import { Console, Data, Duration, Effect, Ref, Runtime, Schedule } from "effect"
import { Command, Flag } from "effect/cli"
import { iso } from "../../domain/isoTime.ts"
import { configured } from "../configured.ts"
import { withExitCodes } from "../exitCodes.ts"
import { InvalidInput, json } from "../flags.ts"
import { lineText, paint } from "../terminal/line.ts"
import { makeScreen } from "../terminal/screen.ts"
import { frame } from "./frame.ts"
import { type Gathered, makeGather } from "./gather.ts"
import { keep, type Sample, sampleOf } from "./rates.ts"
import type { StatusReport } from "./report.ts"

/** Nothing failed; what is shown is not as it should be, and it is shown already. */
class NotWell extends Data.TaggedError("NotWell") {
  override readonly [Runtime.errorExitCode] = 2
  override readonly [Runtime.errorReported] = false
}

const SHORTEST = 0.2

const printJson = ({ at, report }: Gathered) =>
  Console.log(JSON.stringify({ command: "status", at: iso(at), ...report }))

const judge = ({ ready, running }: StatusReport) =>
  running && ready === true ? Effect.void : Effect.fail(new NotWell())

const once = Effect.fnUntraced(function* (asJson: boolean) {
  const gathered = yield* yield* makeGather
  if (asJson) yield* printJson(gathered)
  else {
    const painted = yield* paint
    yield* Console.log(
      frame(gathered, [])
        .map((line) => lineText(line, painted))
        .join("\n"),
    )
  }
  yield* judge(gathered.report)
})

/** Until it is interrupted, which is how it is meant to end. Outlives the Waybill that it looks at. */
const watch = Effect.fnUntraced(function* (every: Duration.Duration, asJson: boolean) {
  const gather = yield* makeGather
  const samples = yield* Ref.make<ReadonlyArray<Sample>>([])
  const screen = asJson ? undefined : yield* makeScreen
  const show = Effect.gen(function* () {
    const gathered = yield* gather
    if (screen === undefined) return yield* printJson(gathered)
    const kept = yield* Ref.updateAndGet(samples, (before) =>
      keep(before, sampleOf(gathered.report, gathered.at)),
    )
    yield* screen.draw([
      ...frame(gathered, kept),
      [],
      [{ text: `${iso(gathered.at)}   every ${Duration.format(every)}   Ctrl-C ends`, style: "dim" }],
    ])
  })
  yield* Effect.repeat(show, Schedule.spaced(every))
})

export const status = Command.make(
  "status",
  {
    watch: Flag.Boolean("watch").pipe(
      Flag.withAlias("w"),
      Flag.withDefault(false),
      Flag.withDescription("Stay and show it again and again; with --json one object a line"),
    ),
    interval: Flag.Finite("interval").pipe(
      Flag.withDefault(2),
      Flag.withDescription("With --watch: seconds between two looks (2)"),
    ),
    json,
  },
  Effect.fnUntraced(
    function* ({ interval, json, watch: stay }) {
      if (interval < SHORTEST)
        return yield* new InvalidInput({
          message: `--interval: expected seconds, at least ${SHORTEST}; got ${interval}`,
        })
      yield* stay ? watch(Duration.seconds(interval), json) : once(json)
    },
    Effect.scoped,
    configured,
  ),
).pipe(
  Command.withDescription(
    "How the running Waybill is, from its admin API: whether every part can do its work, the manager's queue, and for each " +
      "feed what was fetched, written, is outstanding, was confirmed by a search, was known to the index before, and " +
      "became a dead letter, how old its checkpoint is, and from written to searchable: its lag. Where none answers it " +
      "says so, and shows the checkpoints and dead letters that lie in its folders.",
  ),
  Command.withShortDescription("Is it alive, how far behind, is anything stuck"),
  Command.withExamples([
    { command: "waybill status --watch", description: "A live view, until Ctrl-C" },
    {
      command: "waybill status --json | jq '.feeds[] | {feed, checkpoint_age_seconds}'",
      description: "How old is each checkpoint?",
    },
    { command: "waybill status > /dev/null || echo look at it", description: "For a script" },
  ]),
  withExitCodes({
    0: "it runs, and every part can do its work",
    1: "it could not be asked, such as with a wrong admin.token",
    2: "it does not run, or a part can't do its work",
  }),
)
