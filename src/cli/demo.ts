/** `waybill demo`: the incident, on this machine, with nothing installed. */
import { readFile } from "node:fs/promises"
import process from "node:process"
import { Console, Data, Duration, Effect, FileSystem, Redacted, Runtime } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { said } from "../config/environment.ts"
import { runIncident } from "../demo/incident/Incident.ts"
import { holds, type Proof, proofJson, proofTable } from "../demo/incident/Proof.ts"
import { withoutConfiguration } from "./exitCodes.ts"
import { makeProgress } from "./progress.ts"

const SPAN = Duration.hours(30)
const OUTAGE = Duration.seconds(8)
const AT_MOST = Duration.minutes(10)

/** The equation does not hold: something was lost or is there twice, or did not arrive in time. */
class ProofFailed extends Data.TaggedError("ProofFailed")<{
  readonly proof: Proof
  readonly logFile: string
}> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return `The proof does not hold. Waybill's own log lines are in ${this.logFile}.`
  }
}

/** A real OpenSearch in the simulated indexer's place, when OPENSEARCH_URL names one. */
const openSearchOf = Effect.fnUntraced(function* (env: NodeJS.ProcessEnv) {
  const url = said(env, "OPENSEARCH_URL")
  if (url === undefined) return undefined
  const caFile = said(env, "OPENSEARCH_CA_FILE")
  const ca = caFile === undefined ? undefined : yield* Effect.promise(() => readFile(caFile, "utf8"))
  const username = said(env, "OPENSEARCH_USERNAME")
  const password = said(env, "OPENSEARCH_PASSWORD")
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: Redacted.make(password) }),
    ...(ca === undefined ? {} : { ca }),
  }
})

const demonstrate = Effect.fnUntraced(function* (options: {
  readonly flows: number
  readonly rate: number
  readonly refresh: number
  readonly json: boolean
}) {
  const openSearch = yield* openSearchOf(process.env)
  const refreshInterval = Duration.seconds(options.refresh)
  yield* Console.log(
    [
      `${options.flows.toLocaleString("en")} flows of 30 hours wait at a simulated MSP API. A manager that can do`,
      `${options.rate.toLocaleString("en")} events/s and drops what its queue of 16,384 can't take dies in the middle.`,
      openSearch === undefined
        ? `The simulated indexer makes documents searchable every ${Duration.format(refreshInterval)} (Wazuh's own: 5 s).`
        : `The indexer is the OpenSearch at ${new URL(openSearch.url).host}, refreshing every ${Duration.format(refreshInterval)}.`,
      "",
    ].join("\n"),
  )
  const progress = yield* makeProgress("searchable")
  const proof = yield* runIncident(
    {
      flows: options.flows,
      span: SPAN,
      serviceRate: options.rate,
      refreshInterval,
      outage: OUTAGE,
      entry: process.argv[1] ?? "src/main.ts",
      openSearch,
      atMost: AT_MOST,
    },
    (step) =>
      step._tag === "Note" ? progress.note(step.text) : progress.update(step.searchable, step.source),
  )
  yield* progress.end
  yield* Console.log(`\n${proofTable(proof)}\n`)
  if (!holds(proof)) {
    const fs = yield* FileSystem.FileSystem
    const logFile = yield* fs.makeTempFile({ prefix: "waybill-demo-", suffix: ".log" })
    yield* fs.writeFileString(logFile, proof.log)
    if (options.json) yield* Console.log(proofJson(proof))
    return yield* new ProofFailed({ proof, logFile })
  }
  yield* Console.log("Every flow is searchable exactly once.")
  if (options.json) yield* Console.log(proofJson(proof))
}, Effect.scoped)

export const demo = Command.make(
  "demo",
  {
    flows: Flag.Int("flows").pipe(Flag.withDefault(49_000), Flag.withDescription("Flows at the source")),
    rate: Flag.Int("rate").pipe(
      Flag.withDefault(2_000),
      Flag.withDescription("What the manager can do, events/s"),
    ),
    refresh: Flag.Int("refresh").pipe(
      Flag.withDefault(1),
      Flag.withDescription("The indexer's refresh, seconds"),
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Print the proof as one JSON object, last"),
    ),
  },
  demonstrate,
).pipe(
  Command.withDescription(
    "Show the incident that Waybill was made for: 49,000 flows, and a manager that dies in the middle with what it had taken. " +
      "It needs no configuration and nothing leaves the machine. " +
      "OPENSEARCH_URL puts a real OpenSearch in the simulated indexer's place.",
  ),
  Command.withShortDescription("The incident on this machine, with the proof at its end"),
  Command.withExamples([
    { command: "waybill demo", description: "About a minute" },
    { command: "waybill demo --flows 5000 --json", description: "A small one, with the proof as JSON" },
  ]),
  withoutConfiguration({ 0: "every flow is searchable exactly once", 1: "the proof does not hold" }),
)
