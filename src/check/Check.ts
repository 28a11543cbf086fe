/**
 * One hop of the way from the source to the search, looked at once.
 *
 * The contract that every check keeps: it changes nothing but what it says (a canary, a probe file that it removes), it
 * never fails and never waits for ever, it tries a login once, and no secret is in what it says.
 */
import { Effect } from "effect"

/** `skipped`: a hop before it failed, or nobody asked for it; it says nothing about the hop. */
export type Status = "ok" | "warn" | "fail" | "skipped"

export interface Finding {
  readonly status: Status
  /** What was found. */
  readonly message: string
  /** What to do about it; empty where nothing is to be done. */
  readonly advice: string
}

/** The names are a contract: see docs/cli-json.md. */
export type Hop =
  | "config"
  | "state"
  | "dlq"
  | "spool"
  | "msp"
  | "retention"
  | "hec"
  | "admin"
  | "socket"
  | "manager"
  | "api"
  | "file"
  | "wazuh5"
  | "rules"
  | "alert_level"
  | "indexer"
  | "login"
  | "role"
  | "indices"
  | "template"
  | "shards"
  | "canary"
  | "feeds"

export interface Check<R = never> {
  readonly hop: Hop
  /** Hops that must not have failed or been skipped. One that is not among the checks of this run does not count. */
  readonly needs: ReadonlyArray<Hop>
  readonly run: Effect.Effect<Finding, never, R>
}

export interface Report extends Finding {
  readonly hop: Hop
}

const finding =
  (status: Status) =>
  (message: string, advice = ""): Finding => ({ status, message, advice })

export const ok = finding("ok")
export const warn = finding("warn")
export const fail = finding("fail")
export const skipped = finding("skipped")

/** Takes an error's text apart: what happened, up to the end of its first sentence, and what to do about it. */
export const inTwo = (text: string): readonly [message: string, advice: string] => {
  const end = /\.\s+(?=\p{Lu})/u.exec(text)
  return end === null ? [text, ""] : [text.slice(0, end.index + 1), text.slice(end.index + end[0].length)]
}

/**
 * Runs the checks in their order, each after those that it needs, and tells each as soon as it is done. A defect of a
 * check is a failure of its hop and of nothing else.
 */
export const runChecks = Effect.fnUntraced(function* <R, R2>(
  checks: ReadonlyArray<Check<R>>,
  told: (report: Report) => Effect.Effect<void, never, R2>,
) {
  const reports: Array<Report> = []
  const bad = new Set<Hop>()
  for (const { hop, needs, run } of checks) {
    const missing = needs.filter((need) => bad.has(need))
    const found =
      missing.length > 0
        ? skipped(`It needs ${missing.join(" and ")}.`)
        : yield* Effect.catchDefect(run, (defect) =>
            Effect.succeed(
              fail(
                `The check itself broke: ${defect instanceof Error ? defect.message : String(defect)}`,
                "This is a bug of Waybill's; please report it.",
              ),
            ),
          )
    if (found.status === "fail" || found.status === "skipped") bad.add(hop)
    const report = { hop, ...found }
    reports.push(report)
    yield* told(report)
  }
  return reports
})

/** 0: all is well; 1: something failed; 2: there are only warnings. */
export const exitCodeOf = (reports: ReadonlyArray<Finding>): 0 | 1 | 2 => {
  if (reports.some(({ status }) => status === "fail")) return 1
  return reports.some(({ status }) => status === "warn") ? 2 : 0
}
