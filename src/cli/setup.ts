/** `waybill setup`: what an installation needs in the indexer and in the dashboard. */
import process from "node:process"
import { Console, Data, Effect, Option, Runtime } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { Configuration } from "../config/Configuration.ts"
import { roleStep, userStep } from "../setup/access.ts"
import { adminLogin } from "../setup/adminLogin.ts"
import { readContent } from "../setup/content.ts"
import { dashboardStep } from "../setup/dashboard.ts"
import { makePeer } from "../setup/Peer.ts"
import type { Outcome, Step } from "../setup/Step.ts"
import { type StepReport, setUp } from "../setup/setUp.ts"
import { templateStep } from "../setup/template.ts"
import { configured } from "./configured.ts"
import { withExitCodes } from "./exitCodes.ts"
import { json } from "./flags.ts"

class NotSetUp extends Data.TaggedError("NotSetUp")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

/** A dry run has found something to do. */
class ToDo extends Data.TaggedError("ToDo")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 2
  override get [CliError.userMessage]() {
    return this.message
  }
}

const WOULD: Readonly<Record<Outcome, string>> = {
  created: "would be created",
  updated: "would be updated",
  unchanged: "unchanged",
  skipped: "skipped",
  failed: "failed",
}

const lineOf = ({ step, outcome, detail }: StepReport, dryRun: boolean): string =>
  `${step}: ${dryRun ? WOULD[outcome] : outcome}${detail === "" ? "" : ` (${detail})`}`

/** Takes no part: says why. */
const left = (name: string, why: string): Step => ({
  name,
  run: () => Effect.succeed({ outcome: "skipped", detail: why }),
})

const stepsOf = Effect.fnUntraced(function* (
  dashboardUrl: Option.Option<string>,
  content: string | undefined,
) {
  const { indexer } = yield* Configuration
  const login = yield* adminLogin(process.env)
  const access = { login, caFile: indexer.ca_file, verifyTls: indexer.verify_tls }
  const peer = yield* makePeer({ name: "indexer", url: indexer.url, ...access })
  const template = yield* readContent("template/waybill-template.json", content)
  const { username, password } = indexer
  const user =
    username === undefined || password === undefined
      ? left("user", "indexer.username and indexer.password are not set")
      : userStep(peer, { username, password })
  const dashboard = Option.isNone(dashboardUrl)
    ? left("dashboard Waybill", "give --dashboard-url, such as https://wazuh.dashboard:5601")
    : dashboardStep(
        yield* makePeer({ name: "dashboard", url: dashboardUrl.value, ...access }),
        yield* readContent("dashboard/waybill.ndjson", content),
      )
  return [templateStep(peer, template), roleStep(peer, indexer.index_pattern), user, dashboard]
})

const judge = Effect.fnUntraced(function* (reports: ReadonlyArray<StepReport>, dryRun: boolean) {
  const count = (...outcomes: ReadonlyArray<Outcome>) =>
    reports.filter(({ outcome }) => outcomes.includes(outcome)).length
  if (count("failed") > 0)
    return yield* new NotSetUp({
      message: `${count("failed")} of ${reports.length} steps failed; the others hold. Run it again when this is mended: what is there already stays as it is.`,
    })
  if (dryRun && count("created", "updated") > 0)
    return yield* new ToDo({
      message: `${count("created", "updated")} of ${reports.length} steps would change something; nothing was changed now.`,
    })
})

export const setup = Command.make(
  "setup",
  {
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDefault(false),
      Flag.withDescription(
        "Look only, and say what would be done. Exit code 2 when there is something to do",
      ),
    ),
    dashboardUrl: Flag.String("dashboard-url").pipe(
      Flag.optional,
      Flag.withDescription(
        "The Wazuh dashboard, such as https://wazuh.dashboard:5601; without it no dashboard is imported",
      ),
    ),
    content: Flag.String("content").pipe(
      Flag.optional,
      Flag.withDescription("The folder of Waybill's Wazuh files, where they do not lie beside it"),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ dryRun, dashboardUrl, content, json }) {
    const steps = yield* stepsOf(dashboardUrl, Option.getOrUndefined(content))
    const tell = (report: StepReport) => (json ? Effect.void : Console.log(lineOf(report, dryRun)))
    const reports = yield* setUp(steps, !dryRun, tell)
    if (json) yield* Console.log(JSON.stringify({ command: "setup", dry_run: dryRun, steps: reports }))
    yield* judge(reports, dryRun)
  }, configured),
).pipe(
  Command.withDescription(
    "Put into the indexer what Waybill needs: its index template, a role that may only search the index pattern, the " +
      "user of indexer.username with the password of indexer.password, and into the dashboard its dashboard. Each is " +
      "looked at first and changed only where it differs, so it can be run again, and must be after an update. " +
      "Needs an administrator of the indexer, and is the only command that does: INDEXER_ADMIN_USERNAME (admin), " +
      "INDEXER_ADMIN_PASSWORD or INDEXER_ADMIN_PASSWORD_FILE, or typed at a terminal.",
  ),
  withExitCodes({
    0: "everything is in place",
    1: "a step failed; the others hold",
    2: "a dry run found something to do",
  }),
  Command.withShortDescription("Install template, role, user and dashboard into the indexer"),
  Command.withExamples([
    { command: "waybill setup --dry-run", description: "What is missing? Changes nothing" },
    {
      command: "waybill setup --dashboard-url https://wazuh.dashboard:5601",
      description: "All of it, asking for the password of admin",
    },
  ]),
)
