/**
 * Writes `wazuh/tests/*.ini` from the cases: `node test/support/wazuh/writeIni.ts`. A test asserts that the files are
 * what this makes, so that their logs are the output of the normalizers.
 */
import { writeFileSync } from "node:fs"
import { type Case, makeCases, makeThreatCases, THREATS } from "./cases.ts"
import { contentFile, rulesOf } from "./shipped.ts"

const HEAD = `; Written by test/support/wazuh/writeIni.ts from what the normalizers make; do not edit.
; On a manager with the decoder and the rules: ruleset/testing/runtests.py of Wazuh's sources reads this.`

const levels = new Map(
  [...rulesOf("waybill_rules.xml"), ...rulesOf("waybill_threat_rules.xml")].map(({ id, level }) => [
    id,
    level,
  ]),
)

const sectionOf = ({ title, rule, pass, fail }: Case): string =>
  [
    `[${title}]`,
    ...[
      ...pass.map((events) => ["pass", events] as const),
      ...fail.map((events) => ["fail", events] as const),
    ].map(([kind, events], n) => `log ${n + 1} ${kind} = ${events.join("\n  ")}`),
    `rule = ${rule}`,
    `alert = ${levels.get(rule)}`,
    "decoder = waybill",
  ].join("\n")

const iniOf = (head: string, cases: ReadonlyArray<Case>): string =>
  `${[head, ...cases.map(sectionOf)].join("\n\n")}\n`

export const iniFiles = (): Readonly<Record<string, string>> => ({
  "tests/waybill.ini": iniOf(HEAD, makeCases()),
  "tests/waybill_threats.ini": iniOf(
    `${HEAD}\n; With these keys in the lists: ${Object.values(THREATS).flat().join(" ")}`,
    makeThreatCases(),
  ),
})

if (import.meta.main)
  for (const [name, text] of Object.entries(iniFiles())) writeFileSync(contentFile(name), text)
