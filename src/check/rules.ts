/** Whether Waybill's decoder and rules are in the manager, and alert: asked of the manager itself, one event a kind. */
import { dirname, join } from "node:path"
import { Clock, Effect } from "effect"
import type { Config } from "../config/Config.ts"
import type { ManagerSocketError } from "../writers/pacing/managerSocket.ts"
import { type Check, type Finding, fail, ok, skipped, warn } from "./Check.ts"
import { type Judged, judge, type RulesetBroken } from "./logtest.ts"
import { samplesAt } from "./samples.ts"

const DECODER = "waybill"
/** Every rule of Waybill's has it. */
const GROUP = "waybill"
/** The rule for what no other takes. */
const ANY_OTHER = "100191"
const RELOAD = "and restart the manager; wazuh/README.md says how"

const kindsOf = (judged: ReadonlyArray<Judged>): string => judged.map(({ kind }) => kind).join(", ")
const isOurs = ({ rule }: Judged): boolean => rule?.groups.includes(GROUP) === true

/** Pure. */
export const judgeRules = (judged: ReadonlyArray<Judged>): Finding => {
  const undecoded = judged.filter(({ decoder }) => decoder !== DECODER)
  const [first] = undecoded
  if (first !== undefined)
    return fail(
      `The manager does not decode ${undecoded.length === judged.length ? "Waybill's events" : kindsOf(undecoded)} as ${DECODER} but as ${first.decoder ?? "nothing at all"}.`,
      `Put wazuh/decoders/waybill.xml into /var/ossec/etc/decoders ${RELOAD}.`,
    )
  const foreign = judged.filter((one) => !isOurs(one))
  if (foreign.length === judged.length)
    return fail(
      "The manager has Waybill's decoder, and none of its rules: no event becomes an alert.",
      `Put wazuh/rules/waybill_rules.xml into /var/ossec/etc/rules ${RELOAD}.`,
    )
  if (foreign.length > 0)
    return fail(
      `No rule of Waybill's takes: ${foreign.map(({ kind, rule }) => `${kind} (${rule === undefined ? "no rule at all" : `rule ${rule.id} takes it`})`).join(", ")}.`,
      `Install the wazuh/rules/waybill_rules.xml of this version ${RELOAD}; look for rules of your own that take these events.`,
    )
  const unruled = judged.filter(({ rule }) => rule?.id === ANY_OTHER)
  if (unruled.length > 0)
    return warn(
      `Rules of their own are missing for: ${kindsOf(unruled)}. They alert by rule ${ANY_OTHER}, at level 3 whatever they are.`,
      `Look for (7612) in ossec.log on the manager: of two rules with one id the first loaded counts. Remove the file that has these ids, too, such as an earlier poller's, ${RELOAD}.`,
    )
  return ok(`The manager's files have Waybill's decoder and rules for ${kindsOf(judged)}.`)
}

/** Pure. */
export const judgeAlerting = (judged: ReadonlyArray<Judged>): Finding => {
  const silent = judged.filter(({ alerts }) => !alerts)
  if (silent.length === 0) return ok("Each of them becomes an alert.")
  const which = silent
    .map(({ kind, rule }) => `${kind} (rule ${rule?.id} of level ${rule?.level})`)
    .join(", ")
  return fail(
    `These would never be indexed: ${which}.`,
    "Set <log_alert_level> in the manager's ossec.conf to 3, or give these rules a level that reaches it; rules of your own that overwrite Waybill's may have lowered theirs.",
  )
}

/** Pure. */
export const explainLogtest = (error: ManagerSocketError | RulesetBroken): Finding => {
  const { message } = error
  if (error._tag === "RulesetBroken")
    return fail(
      `The manager can't use its rules as they lie on its disk: ${message}`,
      "Mend or remove the file that it names, in /var/ossec/etc/rules or decoders: it may not start with it the next time.",
    )
  const elsewhere = "Or paste an event into wazuh-logtest on the manager; the canary tells, too."
  switch (error.reason) {
    case "missing":
    case "refused":
      return warn(
        `${message}: the manager can't be asked for its rules.`,
        `Mount the whole folder queue/sockets, and enable <rule_test> in ossec.conf. ${elsewhere}`,
      )
    case "forbidden":
      return warn(
        `${message}: Waybill's user may not ask the manager for its rules.`,
        `Run Waybill as uid and gid 999 (wazuh). ${elsewhere}`,
      )
    default:
      return warn(`${message}.`, `Look at ossec.log on the manager. ${elsewhere}`)
  }
}

/** What the manager takes for the location of the writer's events. */
const locationOf = ({ writer }: Config): string => {
  switch (writer.kind) {
    case "api":
      return "API-Webhook"
    case "file":
      return writer.file.path
    default:
      return writer.location
  }
}

/** Beside the statistics socket, wherever that is. */
export const logtestPath = ({ writer }: Config): string => join(dirname(writer.socket.stats_path), "logtest")

/** Both from one conversation with the manager. None for Wazuh 5, which has no such rules. */
export const ruleChecks = Effect.fnUntraced(function* (config: Config) {
  if (config.writer.kind === "wazuh5") return []
  const asked = yield* Effect.cached(
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      judge(logtestPath(config), locationOf(config), samplesAt(now)),
    ).pipe(Effect.result),
  )
  const rules = Effect.map(asked, (found) => {
    if (found._tag === "Success") return judgeRules(found.success)
    // Who writes by the API or a file need not have the manager's sockets at all.
    return config.writer.kind !== "socket" &&
      found.failure._tag === "ManagerSocketError" &&
      found.failure.reason === "missing"
      ? skipped(
          `${logtestPath(config)} is not here: the manager can't be asked for its rules.`,
          "Paste an event into wazuh-logtest on the manager; the canary tells, too.",
        )
      : explainLogtest(found.failure)
  })
  const alerting = Effect.map(asked, (found) =>
    found._tag === "Success" ? judgeAlerting(found.success) : skipped("The manager could not be asked."),
  )
  return [
    { hop: "rules", needs: ["socket"], run: rules },
    { hop: "alert_level", needs: ["rules"], run: alerting },
  ] satisfies ReadonlyArray<Check>
})
