/** `waybill check`: every hop of the way, and what to do where one does not hold. */
import process from "node:process"
import { Clock, Console, Data, Duration, Effect, Logger, Runtime } from "effect"
import { Command, Flag } from "effect/cli"
import { chainLayer } from "../app/layers.ts"
import { exitCodeOf, type Report, runChecks } from "../check/Check.ts"
import { checksOf } from "../check/checksOf.ts"
import { invalid } from "../check/configuration.ts"
import type { Config } from "../config/Config.ts"
import { loadConfig } from "../config/loadConfig.ts"
import { iso } from "../domain/isoTime.ts"
import { rows, summary } from "./checkTable.ts"
import { withExitCodes } from "./exitCodes.ts"
import { InvalidInput } from "./flags.ts"
import { root } from "./root.ts"
import { lineText, paint } from "./terminal/line.ts"

/** Not all is well. What it is has been printed already. */
class Found extends Data.TaggedError("Found")<{ readonly code: 1 | 2 }> {
  override readonly [Runtime.errorExitCode] = this.code
  override readonly [Runtime.errorReported] = false
}

/** Nothing is rotated: beside a running Waybill, that is for the running one to do. */
const withoutRotation = (config: Config): Config => ({
  ...config,
  writer: {
    ...config.writer,
    file: { ...config.writer.file, max_bytes: Number.MAX_SAFE_INTEGER, min_interval: Duration.days(36_500) },
  },
})

const look = Effect.fnUntraced(function* (
  config: Config,
  wait: Duration.Duration | undefined,
  told: (report: Report) => Effect.Effect<void>,
) {
  const canary = wait && { atMost: wait, chain: chainLayer(withoutRotation(config)) }
  return yield* runChecks(yield* checksOf(config, canary), told)
})

const json = (startedAt: number, hops: ReadonlyArray<Report>): string =>
  JSON.stringify({
    command: "check",
    checked_at: iso(startedAt),
    status: (["ok", "fail", "warn"] as const)[exitCodeOf(hops)],
    hops,
  })

export const check = Command.make(
  "check",
  {
    canary: Flag.Boolean("canary").pipe(
      Flag.withDefault(true),
      Flag.withDescription("Send three canaries through the chain and look for them; --no-canary does not"),
    ),
    wait: Flag.Int("wait").pipe(
      Flag.withDefault(60),
      Flag.withDescription("How long to look for the canaries, seconds"),
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Print one JSON object on standard output and nothing else"),
    ),
  },
  Effect.fnUntraced(function* ({ canary, json: asJson, wait }) {
    if (wait < 1 || wait > 3600)
      return yield* new InvalidInput({ message: `--wait: expected seconds from 1 to 3600; got ${wait}` })
    const startedAt = yield* Clock.currentTimeMillis
    const { config: path } = yield* root
    const loaded = yield* Effect.result(loadConfig({ path, env: process.env }))
    if (loaded._tag === "Failure") {
      if (asJson) yield* Console.log(json(startedAt, [{ hop: "config", ...invalid(loaded.failure) }]))
      return yield* loaded.failure
    }
    const onTerminal = yield* paint
    const reports = yield* look(loaded.success, canary ? Duration.seconds(wait) : undefined, (report) =>
      asJson
        ? Effect.void
        : Effect.forEach(rows(report), (line) => Console.log(lineText(line, onTerminal)), { discard: true }),
    ).pipe(
      // What a part would log is in the findings.
      Effect.provide(Logger.layer([])),
      Effect.onInterrupt(() =>
        // A stop by signal ends `run` with 0; a check that was not finished is no success.
        Effect.sync(() => {
          process.exitCode = 130
        }),
      ),
    )
    yield* Console.log(asJson ? json(startedAt, reports) : `\n${summary(reports)}`)
    const code = exitCodeOf(reports)
    if (code !== 0) return yield* new Found({ code })
  }),
).pipe(
  Command.withDescription(
    "Look at every hop, from the configuration to a search that returns what was sent, and say of each what to do. " +
      "Works before the first start and beside a running Waybill, and changes nothing but for three canaries, which " +
      "--no-canary leaves out. A login is tried once.",
  ),
  withExitCodes({
    0: "all is well",
    1: "a hop failed, or a flag makes no sense",
    2: "there are warnings, and nothing failed",
    130: "interrupted",
  }),
  Command.withShortDescription("Look at every hop and say what to do"),
  Command.withExamples([
    { command: "waybill check", description: "The first step after installing, and when anything looks odd" },
    { command: "waybill check --no-canary --json", description: "For a monitor; nothing is sent" },
  ]),
)
